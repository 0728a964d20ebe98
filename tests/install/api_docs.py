#!/usr/bin/env python3
"""api_docs.py DOXYGEN DOXYFILE: the API documentation of the installed headers builds without a warning, and says
something about every class, free type and function. Data members, getters without arguments, operators, special members
and enumerations declared with their member may speak for themselves.
"""
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

SPECIAL = re.compile(r"=default|=delete|^\(\w+&&\w*\)")


def text_of(element: ET.Element) -> str:
    return "".join("".join(part.itertext()) for part in element if part.tag in ("briefdescription", "detaileddescription")).strip()


def needs_words(member: ET.Element, is_class: bool) -> bool:
    kind, name = member.get("kind"), member.findtext("name", "")
    arguments = (member.findtext("argsstring") or "").replace(" ", "")
    if member.get("prot") == "private" or kind in ("variable", "friend"):
        return False
    if kind == "function":
        special = name.startswith(("operator", "~")) or bool(SPECIAL.search(arguments))
        return not special and not (is_class and arguments.startswith("()"))
    return kind == "typedef" or (kind == "enum" and not is_class)


def silent_places(xml: Path) -> list[str]:
    found = []
    for file in sorted(xml.glob("*.xml")):
        for compound in ET.parse(file).getroot().findall("compounddef"):
            kind, name = compound.get("kind"), compound.findtext("compoundname", "")
            is_class = kind in ("class", "struct")
            if compound.get("prot") == "private" or not (is_class or kind == "namespace") or not name.startswith("uvpki"):
                continue
            if not text_of(compound):
                found.append(f"{name}: says nothing about itself")
            for member in compound.iter("memberdef"):
                if needs_words(member, is_class) and not text_of(member):
                    where = member.find("location")
                    found.append(f"{where.get('file')}:{where.get('line')}: {name}::{member.findtext('name')} has no comment")
    return found


def main() -> int:
    doxygen, doxyfile = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(doxyfile).read_text(encoding="utf-8")
        settings += f'\nOUTPUT_DIRECTORY = "{folder}"\nGENERATE_XML = YES\nXML_OUTPUT = xml\nXML_PROGRAMLISTING = NO\n'
        run = subprocess.run([doxygen, "-"], input=settings, capture_output=True, text=True, check=False)
        output = run.stdout + run.stderr
        if run.returncode != 0 or output.strip():
            print(output, f"doxygen ended with {run.returncode}", sep="\n")
            return 1
        found = silent_places(Path(folder) / "xml")
        pages = len(list(Path(folder).glob("*.html")))
    print("\n".join(found) if found else f"{pages} pages without a warning")
    return 1 if found or pages < 100 else 0


if __name__ == "__main__":
    sys.exit(main())
