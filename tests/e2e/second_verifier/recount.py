"""The count of docs/formats/counting.md, written from that page: a contest's result without its explanations."""
import hashlib


def decimal(value, unit):
    """Votes in units of 1/unit, as the text without trailing zeros."""
    digits = len(str(unit)) - 1
    whole, rest = divmod(value, unit)
    return f"{whole}.{rest:0{digits}}".rstrip("0") if rest else str(whole)


class Count:
    def __init__(self, candidates, rules, seed):
        self.ids, self.rules, self.seed = candidates, rules, seed
        self.method, self.seats = rules["method"], rules["seats"]
        self.unit = 10 ** rules.get("decimals", 4) if self.method == "stv" else 1
        self.limit = rules.get("max_choices", {"plurality": 1, "n-of-m": self.seats}.get(self.method, len(candidates)))
        self.standing, self.elected, self.rounds = list(candidates), [], []
        self.kept, self.exhausted, self.residue = {}, 0, 0
        self.threshold, self.pairwise = None, None

    def by_lot(self, tied):
        """The tied candidates in the order of the tie rule: seats go to the first, elimination takes the last."""
        if self.rules.get("tie_break", "seed") == "candidate-order" or len(tied) < 2:
            return sorted(tied, key=self.ids.index)
        text = f"{self.seed}:{len(self.rounds) + 1}:"
        return sorted(tied, key=lambda who: hashlib.sha256((text + who).encode()).digest())

    def event(self, kind, who, tied=(), transfers=()):
        return {"event": kind, "candidate": who, "tied": sorted(tied, key=self.ids.index), "transfers": list(transfers)}

    def add_round(self, tallies, events, exhausted, residue):
        entry = {"round": len(self.rounds) + 1, "events": events,
                 "exhausted": decimal(exhausted, self.unit), "residue": decimal(residue, self.unit),
                 "tallies": [{"candidate": who, "status": "standing" if who in self.standing else "elected",
                              "votes": decimal(tallies[who], self.unit)}
                             for who in self.ids if who in self.standing or who in self.elected]}
        if self.threshold is not None:
            entry["threshold"] = decimal(self.threshold, self.unit)
        self.rounds.append(entry)

    def one_round(self, ballots):
        tallies = dict.fromkeys(self.ids, 0)
        for choices in ballots:
            for who in choices[:1] if self.method == "plurality" else choices:
                tallies[who] += 1
        order = sorted((who for who in self.ids if tallies[who]), key=lambda who: (-tallies[who], self.ids.index(who)))
        chosen, tied = order[:self.seats], []
        if len(order) > self.seats:
            last = tallies[order[self.seats]]
            equal = [who for who in order if tallies[who] == last]
            if chosen and tallies[chosen[-1]] == last:
                above = [who for who in order if tallies[who] > last]
                tied = equal
                chosen = above + self.by_lot(equal)[:self.seats - len(above)]
        self.add_round(tallies, [self.event("elected", who, tied if who in tied else ()) for who in chosen], 0, 0)
        self.elected = chosen

    def schulze(self, ballots):
        """Strongest paths of victories; each round elects those above whom nobody left is ranked."""
        ids = self.ids
        places = [{who: choices.index(who) for who in choices} for choices in ballots]
        votes = {(a, b): sum(place.get(a, len(ids)) < place.get(b, len(ids)) for place in places) for a in ids
                 for b in ids}
        margins = self.rules.get("strength", "winning-votes") == "margins"

        def strength(a, b):
            if votes[a, b] <= votes[b, a]:
                return ()  # no victory, weaker than any
            return (votes[a, b] - votes[b, a],) if margins else (votes[a, b], -votes[b, a])

        paths = {pair: strength(*pair) for pair in votes}
        for by in ids:
            for a in ids:
                for b in ids:
                    if a not in (by, b) and by != b:
                        paths[a, b] = max(paths[a, b], min(paths[a, by], paths[by, b]))
        table = lambda value: [[value(a, b) for b in ids] for a in ids]
        self.pairwise = {"candidates": ids, "preferred": table(lambda a, b: votes[a, b]),
                         "paths": table(lambda a, b: paths[a, b][0] if paths[a, b] else 0)}
        if not margins:
            self.pairwise["opposition"] = table(lambda a, b: -paths[a, b][1] if paths[a, b] else 0)
        firsts = {who: sum(choices[0] == who for choices in ballots) for who in ids}
        left = [who for who in ids if any(who in place for place in places)]
        while left and len(self.elected) < self.seats:
            best = [who for who in left if not any(paths[other, who] > paths[who, other] for other in left)]
            open_seats = self.seats - len(self.elected)
            chosen, tied = (best, ()) if len(best) <= open_seats else (self.by_lot(best)[:open_seats], best)
            self.add_round(firsts, [self.event("elected", who, tied) for who in chosen], 0, 0)
            self.elected, left = self.elected + chosen, [who for who in left if who not in chosen]
            self.standing = [who for who in self.standing if who not in chosen]

    def piles(self, ballots):
        """Each ballot as [value, choices], on the pile of its first candidate who stands."""
        piles = {who: [] for who in self.ids}
        for choices in ballots:
            self.move([self.unit, choices], piles)
        return piles

    def move(self, ballot, piles):
        target = next((who for who in ballot[1] if who in self.standing), None)
        if target is None:
            self.exhausted += ballot[0]
        else:
            piles[target].append(ballot)
        return target

    def ranked(self, ballots):
        piles = self.piles(ballots)
        write_ins = [who for who in self.rules.get("write_ins", []) if who in self.standing]
        if not any(piles[who] for who in write_ins):
            self.standing = [who for who in self.standing if who not in write_ins]
        while True:
            tallies = {who: sum(value for value, _ in piles[who]) for who in self.ids} | self.kept
            standing_votes = sum(tallies[who] for who in self.standing)
            if self.method == "irv":
                self.threshold = standing_votes // 2 + 1
            elif self.threshold is None:
                self.threshold = (standing_votes // self.unit // (self.seats + 1) + 1) * self.unit
                if self.rules.get("threshold", "droop-whole") == "droop-fractional":
                    self.threshold = standing_votes // (self.seats + 1) + 1
            open_seats = self.seats - len(self.elected)
            if not self.standing or not open_seats:
                self.add_round(tallies, [], self.exhausted, self.residue)
                return
            present = [who for who in self.standing if who in write_ins]
            chosen, out, tied = self.choose(tallies, open_seats, present)
            before = list(self.standing), self.exhausted, self.residue
            self.standing = [who for who in self.standing if who not in chosen and who not in out]
            events = [self.event("elected", who, tied, [] if self.method == "irv" else self.surplus(who, tallies[who],
                    piles))
                      for who in chosen]
            events += [self.event("eliminated", who, tied, self.leave(who, piles)) for who in out]
            after = self.standing
            self.standing = before[0]
            self.add_round(tallies, events, *before[1:])
            self.standing = after
            self.elected += chosen
            if self.method == "irv" and (chosen or not self.standing):
                return

    def choose(self, tallies, open_seats, write_ins):
        """Elected, eliminated and tied in this round."""
        standing = self.standing
        fewest = min(tallies[who] for who in standing)
        last = [who for who in standing if tallies[who] == fewest]
        most_first = sorted(standing, key=lambda who: (-tallies[who], self.ids.index(who)))
        tie = lambda tied: tied if len(tied) > 1 else []
        if write_ins:
            return [], write_ins, []
        if self.method == "stv":
            if len(standing) <= open_seats:
                return most_first, [], []
            reached = [who for who in most_first if tallies[who] >= self.threshold]
            if reached:
                return reached, [], []
            return [], [self.by_lot(last)[-1]], tie(last)
        if len(standing) == 1 or tallies[most_first[0]] >= self.threshold:
            return most_first[:1], [], []
        if len(standing) == 2:
            return self.by_lot(standing)[:1], [], standing
        if self.rules.get("batch_elimination"):
            rising, total, group = sorted(standing, key=lambda who: (tallies[who], self.ids.index(who))), 0, []
            for place, who in enumerate(rising):
                if place >= 2 and total < tallies[who]:
                    group = rising[:place]
                total += tallies[who]
            if group:
                return [], group, []
        return [], [self.by_lot(last)[-1]], tie(last)

    def transfers(self, ballots, piles):
        moved, exhausted = dict.fromkeys(self.ids, 0), 0
        for ballot in ballots:
            target = self.move(ballot, piles)
            if target is None:
                exhausted += ballot[0]
            else:
                moved[target] += ballot[0]
        entries = [{"to": "candidate", "candidate": who, "votes": decimal(moved[who], self.unit)} for who in self.ids
                   if moved[who]]
        if exhausted:
            entries.append({"to": "exhausted", "votes": decimal(exhausted, self.unit)})
        return entries, sum(moved.values()) + exhausted

    def leave(self, who, piles):
        ballots, piles[who] = piles[who], []
        return self.transfers(ballots, piles)[0]

    def surplus(self, who, tally, piles):
        self.kept[who] = min(tally, self.threshold)
        ballots, piles[who] = piles[who], []
        extra = tally - self.threshold
        if extra <= 0:
            return []
        fraction = extra * self.unit // tally
        entries, moved = self.transfers([[value * fraction // self.unit, choices] for value, choices in ballots], piles)
        if extra > moved:
            self.residue += extra - moved
            entries.append({"to": "residue", "votes": decimal(extra - moved, self.unit)})
        return entries


def count_contest(contest, ballots, seed):
    """`ballots`: the list of choices of each ballot that has this contest. As result_json, without the explanations."""
    count = Count([candidate["id"] for candidate in contest["candidates"]], contest["rules"], seed)
    valid = [choices for choices in ballots if choices and len(choices) <= count.limit]
    blank = sum(not choices for choices in ballots)
    named = any(valid)
    if named and count.method in ("irv", "stv"):
        count.ranked(valid)
    elif named and count.method == "schulze":
        count.schulze(valid)
    elif named:
        count.one_round(valid)
    result = {"title": contest["title"], "rules": contest["rules"], "candidates": contest["candidates"],
              "withdrawn": [],
              "winners": count.elected, "unfilled_seats": count.seats - len(count.elected), "ballots": len(ballots),
              "valid": len(valid), "blank": blank, "invalid": len(ballots) - len(valid) - blank, "rounds": count.rounds}
    if count.pairwise:
        result["pairwise"] = count.pairwise
    if count.threshold is not None:
        result["threshold"] = decimal(count.threshold, count.unit)
    return result
