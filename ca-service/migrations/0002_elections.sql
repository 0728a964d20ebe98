-- Elections from draft to archive; see election_store.h. The order of states and what is fixed when hold here too.
CREATE TABLE election (
    id TEXT NOT NULL PRIMARY KEY,
    title TEXT NOT NULL,
    state TEXT NOT NULL
        CHECK (state IN ('draft', 'ready', 'open', 'closed', 'tallied', 'certified', 'archived')),
    created_at BIGINT NOT NULL,
    draft_json TEXT NOT NULL,
    manifest BYTEA CHECK ((manifest IS NULL) = (state = 'draft')),
    manifest_signature BYTEA CHECK ((manifest_signature IS NULL) = (state IN ('draft', 'ready'))),
    results BYTEA CHECK ((results IS NULL) = (state IN ('draft', 'ready', 'open', 'closed'))),
    results_signature BYTEA CHECK ((results_signature IS NULL) = (state NOT IN ('certified', 'archived')))
);
-- Kinds: message, transcript (position 0) and rehearsal (position = trustee - 1).
CREATE TABLE ceremony_part (
    election TEXT NOT NULL REFERENCES election (id),
    kind TEXT NOT NULL CHECK (kind IN ('message', 'transcript', 'rehearsal')),
    position BIGINT NOT NULL CHECK (position >= 0),
    content BYTEA NOT NULL,
    PRIMARY KEY (election, kind, position)
);
-- only: sqlite
CREATE TRIGGER election_no_delete BEFORE DELETE ON election
BEGIN SELECT RAISE(ABORT, 'elections are archived, never deleted'); END;
CREATE TRIGGER election_order BEFORE UPDATE ON election
WHEN OLD.id <> NEW.id OR (OLD.state || '>' || NEW.state NOT IN ('draft>draft', 'draft>ready', 'ready>open', 'open>closed',
    'closed>tallied', 'tallied>certified', 'certified>archived'))
BEGIN SELECT RAISE(ABORT, 'this state does not follow'); END;
CREATE TRIGGER election_fixed BEFORE UPDATE ON election
WHEN (OLD.state <> 'draft' AND (NEW.title <> OLD.title OR NEW.draft_json <> OLD.draft_json))
    OR (OLD.manifest IS NOT NULL AND NEW.manifest <> OLD.manifest)
    OR (OLD.manifest_signature IS NOT NULL AND NEW.manifest_signature <> OLD.manifest_signature)
    OR (OLD.results IS NOT NULL AND NEW.results <> OLD.results)
    OR (OLD.results_signature IS NOT NULL AND NEW.results_signature <> OLD.results_signature)
BEGIN SELECT RAISE(ABORT, 'what was fixed or signed does not change'); END;
CREATE TRIGGER ceremony_part_no_update BEFORE UPDATE ON ceremony_part
BEGIN SELECT RAISE(ABORT, 'ceremony messages do not change'); END;
CREATE TRIGGER ceremony_part_no_delete BEFORE DELETE ON ceremony_part
WHEN (SELECT state FROM election WHERE id = OLD.election) <> 'draft'
BEGIN SELECT RAISE(ABORT, 'the ceremony of a frozen election stays'); END;
CREATE TRIGGER ceremony_part_no_insert BEFORE INSERT ON ceremony_part
WHEN (SELECT state FROM election WHERE id = NEW.election) <> 'draft'
BEGIN SELECT RAISE(ABORT, 'the ceremony of a frozen election stays'); END;
-- end
-- only: postgresql
CREATE FUNCTION check_election_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    IF OLD.id <> NEW.id OR OLD.state || '>' || NEW.state NOT IN ('draft>draft', 'draft>ready', 'ready>open',
        'open>closed', 'closed>tallied', 'tallied>certified', 'certified>archived') THEN
        RAISE EXCEPTION 'this state does not follow';
    END IF;
    IF (OLD.state <> 'draft' AND (NEW.title <> OLD.title OR NEW.draft_json <> OLD.draft_json))
        OR (OLD.manifest IS NOT NULL AND NEW.manifest <> OLD.manifest)
        OR (OLD.manifest_signature IS NOT NULL AND NEW.manifest_signature <> OLD.manifest_signature)
        OR (OLD.results IS NOT NULL AND NEW.results <> OLD.results)
        OR (OLD.results_signature IS NOT NULL AND NEW.results_signature <> OLD.results_signature) THEN
        RAISE EXCEPTION 'what was fixed or signed does not change';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER election_order BEFORE UPDATE ON election FOR EACH ROW EXECUTE FUNCTION check_election_change();
CREATE TRIGGER election_no_delete BEFORE DELETE OR TRUNCATE ON election
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE FUNCTION check_ceremony_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    IF TG_OP = 'UPDATE' THEN RAISE EXCEPTION 'ceremony messages do not change'; END IF;
    IF (SELECT state FROM election WHERE id = coalesce(NEW.election, OLD.election)) <> 'draft' THEN
        RAISE EXCEPTION 'the ceremony of a frozen election stays';
    END IF;
    RETURN coalesce(NEW, OLD);
END $$;
CREATE TRIGGER ceremony_part_draft_only BEFORE INSERT OR UPDATE OR DELETE ON ceremony_part
FOR EACH ROW EXECUTE FUNCTION check_ceremony_change();
-- end
