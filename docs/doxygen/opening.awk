# Doxygen input filter: the comment after "#pragma once" becomes the documentation of the file.
NR == 1 && $0 == "#pragma once" { opening = 1; print "#pragma once"; next }
opening && /^\/\// { sub(/^\/\/ ?/, opening == 1 ? "/// @file\n/// " : "/// "); opening = 2; print; next }
{ opening = 0; print }
