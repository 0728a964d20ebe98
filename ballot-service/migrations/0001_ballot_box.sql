-- The ballot box. Nothing here tells when or in which order somebody came: rows are keyed by hashes and kept in the
-- order of their keys (no row ids), there are no times but those of epochs, and nothing names a voter (attacks T1-T3).

-- Whose box this is. One row.
CREATE TABLE box (
    name TEXT NOT NULL PRIMARY KEY CHECK (name = 'box'),
    organization TEXT NOT NULL,
    arc TEXT NOT NULL,
    sealing_key BYTEA NOT NULL CHECK (length(sealing_key) = 32)
-- only: sqlite
) WITHOUT ROWID;
-- end
-- only: postgresql
);
-- end

-- The certificates under which the box works. One row; replaced when the receipt certificate is renewed.
CREATE TABLE installation (
    name TEXT NOT NULL PRIMARY KEY CHECK (name = 'box'),
    root BYTEA NOT NULL,
    issuing BYTEA NOT NULL,
    receipt BYTEA NOT NULL
-- only: sqlite
) WITHOUT ROWID;
-- end
-- only: postgresql
);
-- end

-- The keys made for an election; both secrets sealed.
CREATE TABLE prepared_election (
    election TEXT NOT NULL PRIMARY KEY,
    ballot_ca_request BYTEA NOT NULL,
    ballot_ca_key_sealed BYTEA NOT NULL,
    log_origin TEXT NOT NULL,
    log_key TEXT NOT NULL,
    log_key_sealed BYTEA NOT NULL
-- only: sqlite
) WITHOUT ROWID;
-- end
-- only: postgresql
);
-- end

CREATE TABLE manifest (
    election TEXT NOT NULL PRIMARY KEY REFERENCES prepared_election (election),
    manifest BYTEA NOT NULL,
    signature BYTEA NOT NULL
-- only: sqlite
) WITHOUT ROWID;
-- end
-- only: postgresql
);
-- end

-- What the Ballot CA was about to sign, stored before it signed.
CREATE TABLE ballot_intent (
    election TEXT NOT NULL,
    serial BYTEA NOT NULL CHECK (length(serial) = 20),
    tbs_hash BYTEA NOT NULL CHECK (length(tbs_hash) = 32),
    tbs BYTEA NOT NULL,
    PRIMARY KEY (election, serial, tbs_hash)
-- only: sqlite
) WITHOUT ROWID;
-- end
-- only: postgresql
);
-- end

-- The spent list: one ballot certificate for each ballot key, for ever.
CREATE TABLE ballot_certificate (
    election TEXT NOT NULL,
    spki_hash BYTEA NOT NULL CHECK (length(spki_hash) = 32),
    certificate BYTEA NOT NULL,
    PRIMARY KEY (election, spki_hash)
-- only: sqlite
) WITHOUT ROWID;
-- end
-- only: postgresql
);
-- end

-- One ballot for each ballot certificate and each ephemeral key; `epoch` is the epoch that publishes it.
CREATE TABLE ballot (
    election TEXT NOT NULL,
    leaf BYTEA NOT NULL CHECK (length(leaf) = 32),
    spki_hash BYTEA NOT NULL,
    ephemeral_hash BYTEA NOT NULL CHECK (length(ephemeral_hash) = 32),
    epoch BIGINT CHECK (epoch >= 1),
    PRIMARY KEY (election, leaf),
    UNIQUE (election, spki_hash),
    UNIQUE (election, ephemeral_hash),
    FOREIGN KEY (election, spki_hash) REFERENCES ballot_certificate (election, spki_hash)
-- only: sqlite
) WITHOUT ROWID;
-- end
-- only: postgresql
);
-- end
CREATE INDEX ballot_by_epoch ON ballot (election, epoch, leaf);

-- The eBallot itself, sealed, and the receipt that was given for it.
CREATE TABLE ballot_content (
    election TEXT NOT NULL,
    leaf BYTEA NOT NULL,
    ballot_sealed BYTEA NOT NULL,
    receipt BYTEA NOT NULL,
    PRIMARY KEY (election, leaf),
    FOREIGN KEY (election, leaf) REFERENCES ballot (election, leaf)
-- only: sqlite
) WITHOUT ROWID;
-- end
-- only: postgresql
);
-- end

-- An epoch whose list is fixed; published once it is stamped. `traces`: the store still has to be rewritten after it.
CREATE TABLE epoch (
    election TEXT NOT NULL,
    number BIGINT NOT NULL CHECK (number >= 1),
    ballots BIGINT NOT NULL CHECK (ballots >= 1),
    list_hash BYTEA NOT NULL CHECK (length(list_hash) = 32),
    token BYTEA,
    stamped_at BIGINT,
    checkpoint TEXT,
    traces BIGINT NOT NULL DEFAULT 1 CHECK (traces IN (0, 1)),
    PRIMARY KEY (election, number)
-- only: sqlite
) WITHOUT ROWID;
-- end
-- only: postgresql
);
-- end

-- Voting is over: the number of the last epoch (0: nobody voted).
CREATE TABLE closing (
    election TEXT NOT NULL PRIMARY KEY,
    last_epoch BIGINT NOT NULL CHECK (last_epoch >= 0)
-- only: sqlite
) WITHOUT ROWID;
-- end
-- only: postgresql
);
-- end

-- The Ballot CA's final list.
CREATE TABLE final_crl (
    election TEXT NOT NULL PRIMARY KEY,
    crl BYTEA NOT NULL
-- only: sqlite
) WITHOUT ROWID;
-- end
-- only: postgresql
);
-- end

-- The result, as the files of the package. The election key is public with the package and sealed until then.
CREATE TABLE tally (
    election TEXT NOT NULL PRIMARY KEY,
    results_hash BYTEA NOT NULL CHECK (length(results_hash) = 32),
    election_key_sealed BYTEA NOT NULL
-- only: sqlite
) WITHOUT ROWID;
-- end
-- only: postgresql
);
-- end

CREATE TABLE tally_file (
    election TEXT NOT NULL,
    path TEXT NOT NULL,
    content BYTEA NOT NULL,
    PRIMARY KEY (election, path)
-- only: sqlite
) WITHOUT ROWID;
-- end
-- only: postgresql
);
-- end

-- only: sqlite
CREATE TRIGGER box_no_update BEFORE UPDATE ON box
BEGIN SELECT RAISE(ABORT, 'box is append-only'); END;
CREATE TRIGGER box_no_delete BEFORE DELETE ON box
BEGIN SELECT RAISE(ABORT, 'box is append-only'); END;
CREATE TRIGGER prepared_election_no_update BEFORE UPDATE ON prepared_election
BEGIN SELECT RAISE(ABORT, 'prepared_election is append-only'); END;
CREATE TRIGGER prepared_election_no_delete BEFORE DELETE ON prepared_election
BEGIN SELECT RAISE(ABORT, 'prepared_election is append-only'); END;
CREATE TRIGGER manifest_no_update BEFORE UPDATE ON manifest
BEGIN SELECT RAISE(ABORT, 'manifest is append-only'); END;
CREATE TRIGGER manifest_no_delete BEFORE DELETE ON manifest
BEGIN SELECT RAISE(ABORT, 'manifest is append-only'); END;
CREATE TRIGGER ballot_intent_no_update BEFORE UPDATE ON ballot_intent
BEGIN SELECT RAISE(ABORT, 'ballot_intent is append-only'); END;
CREATE TRIGGER ballot_intent_no_delete BEFORE DELETE ON ballot_intent
BEGIN SELECT RAISE(ABORT, 'ballot_intent is append-only'); END;
CREATE TRIGGER ballot_certificate_no_update BEFORE UPDATE ON ballot_certificate
BEGIN SELECT RAISE(ABORT, 'ballot_certificate is append-only'); END;
CREATE TRIGGER ballot_certificate_no_delete BEFORE DELETE ON ballot_certificate
BEGIN SELECT RAISE(ABORT, 'ballot_certificate is append-only'); END;
CREATE TRIGGER ballot_content_no_update BEFORE UPDATE ON ballot_content
BEGIN SELECT RAISE(ABORT, 'ballot_content is append-only'); END;
CREATE TRIGGER ballot_content_no_delete BEFORE DELETE ON ballot_content
BEGIN SELECT RAISE(ABORT, 'ballot_content is append-only'); END;
CREATE TRIGGER closing_no_update BEFORE UPDATE ON closing
BEGIN SELECT RAISE(ABORT, 'closing is append-only'); END;
CREATE TRIGGER closing_no_delete BEFORE DELETE ON closing
BEGIN SELECT RAISE(ABORT, 'closing is append-only'); END;
CREATE TRIGGER final_crl_no_update BEFORE UPDATE ON final_crl
BEGIN SELECT RAISE(ABORT, 'final_crl is append-only'); END;
CREATE TRIGGER final_crl_no_delete BEFORE DELETE ON final_crl
BEGIN SELECT RAISE(ABORT, 'final_crl is append-only'); END;
CREATE TRIGGER tally_no_update BEFORE UPDATE ON tally
BEGIN SELECT RAISE(ABORT, 'tally is append-only'); END;
CREATE TRIGGER tally_no_delete BEFORE DELETE ON tally
BEGIN SELECT RAISE(ABORT, 'tally is append-only'); END;
CREATE TRIGGER tally_file_no_update BEFORE UPDATE ON tally_file
BEGIN SELECT RAISE(ABORT, 'tally_file is append-only'); END;
CREATE TRIGGER tally_file_no_delete BEFORE DELETE ON tally_file
BEGIN SELECT RAISE(ABORT, 'tally_file is append-only'); END;
CREATE TRIGGER ballot_no_delete BEFORE DELETE ON ballot
BEGIN SELECT RAISE(ABORT, 'a ballot is never deleted'); END;
CREATE TRIGGER ballot_epoch_once BEFORE UPDATE ON ballot
WHEN OLD.epoch IS NOT NULL OR NEW.election <> OLD.election OR NEW.leaf <> OLD.leaf OR NEW.spki_hash <> OLD.spki_hash
  OR NEW.ephemeral_hash <> OLD.ephemeral_hash
BEGIN SELECT RAISE(ABORT, 'a ballot gets its epoch once and nothing else'); END;
CREATE TRIGGER epoch_no_delete BEFORE DELETE ON epoch
BEGIN SELECT RAISE(ABORT, 'an epoch is never deleted'); END;
CREATE TRIGGER epoch_stamped_once BEFORE UPDATE ON epoch
WHEN NEW.election <> OLD.election OR NEW.number <> OLD.number OR NEW.ballots <> OLD.ballots
  OR NEW.list_hash <> OLD.list_hash OR (OLD.token IS NOT NULL AND (NEW.token <> OLD.token
    OR NEW.stamped_at <> OLD.stamped_at OR NEW.checkpoint <> OLD.checkpoint))
BEGIN SELECT RAISE(ABORT, 'an epoch is stamped once'); END;
-- end
-- only: postgresql
CREATE TRIGGER box_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON box
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER prepared_election_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON prepared_election
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER manifest_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON manifest
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ballot_intent_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON ballot_intent
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ballot_certificate_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON ballot_certificate
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ballot_content_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON ballot_content
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER closing_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON closing
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER final_crl_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON final_crl
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER tally_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON tally
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER tally_file_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON tally_file
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ballot_no_delete BEFORE DELETE OR TRUNCATE ON ballot
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER epoch_no_delete BEFORE DELETE OR TRUNCATE ON epoch
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE FUNCTION refuse_row_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'this row of % cannot be changed any more', TG_TABLE_NAME; END $$;
CREATE TRIGGER ballot_epoch_once BEFORE UPDATE ON ballot FOR EACH ROW
WHEN (OLD.epoch IS NOT NULL OR NEW.election <> OLD.election OR NEW.leaf <> OLD.leaf OR NEW.spki_hash <> OLD.spki_hash
  OR NEW.ephemeral_hash <> OLD.ephemeral_hash)
EXECUTE FUNCTION refuse_row_change();
CREATE TRIGGER epoch_stamped_once BEFORE UPDATE ON epoch FOR EACH ROW
WHEN (NEW.election <> OLD.election OR NEW.number <> OLD.number OR NEW.ballots <> OLD.ballots
  OR NEW.list_hash <> OLD.list_hash OR (OLD.token IS NOT NULL AND (NEW.token <> OLD.token
    OR NEW.stamped_at <> OLD.stamped_at OR NEW.checkpoint <> OLD.checkpoint)))
EXECUTE FUNCTION refuse_row_change();
-- end
