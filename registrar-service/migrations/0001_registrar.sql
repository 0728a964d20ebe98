-- The registrar's store. Append-only rows hold identifiers only; what is personal stands in voter.sealed_person, sealed
-- under the voter's own key (voter.wrapped_key), which is erased when the voter is removed.
CREATE TABLE setting (
    name TEXT NOT NULL PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 64),
    value BYTEA NOT NULL
);
CREATE TABLE voter (
    entry TEXT NOT NULL PRIMARY KEY CHECK (length(entry) = 36),
    sequence BIGINT NOT NULL UNIQUE CHECK (sequence >= 1),
    style TEXT NOT NULL CHECK (length(style) BETWEEN 1 AND 32),
    wrapped_key BYTEA,
    sealed_person BYTEA,
    voter_id_index BYTEA UNIQUE CHECK (length(voter_id_index) = 32),
    email_index BYTEA CHECK (length(email_index) = 32),
    removed_at BIGINT,
    CHECK ((removed_at IS NULL) = (wrapped_key IS NOT NULL)),
    CHECK ((removed_at IS NULL) = (sealed_person IS NOT NULL)),
    CHECK ((removed_at IS NULL) = (voter_id_index IS NOT NULL)),
    CHECK (removed_at IS NULL OR email_index IS NULL)
);
CREATE INDEX voter_by_email ON voter (email_index);
CREATE TABLE invitation (
    code_hash BYTEA NOT NULL PRIMARY KEY CHECK (length(code_hash) = 32),
    entry TEXT NOT NULL REFERENCES voter (entry),
    expires BIGINT NOT NULL,
    withdrawn_at BIGINT,
    key_hash BYTEA CHECK (length(key_hash) = 32)
);
CREATE INDEX invitation_by_entry ON invitation (entry);
CREATE TABLE voter_key (
    key_hash BYTEA NOT NULL PRIMARY KEY CHECK (length(key_hash) = 32),
    entry TEXT NOT NULL REFERENCES voter (entry)
);
CREATE TABLE issuance_intent (
    serial BYTEA NOT NULL PRIMARY KEY CHECK (length(serial) = 20),
    entry TEXT NOT NULL REFERENCES voter (entry),
    key_hash BYTEA NOT NULL REFERENCES voter_key (key_hash),
    tbs BYTEA NOT NULL CHECK (length(tbs) > 0),
    recorded_at BIGINT NOT NULL
);
CREATE TABLE certificate (
    serial BYTEA NOT NULL PRIMARY KEY REFERENCES issuance_intent (serial),
    entry TEXT NOT NULL REFERENCES voter (entry),
    key_hash BYTEA NOT NULL REFERENCES voter_key (key_hash),
    der BYTEA NOT NULL CHECK (length(der) > 0),
    issued_at BIGINT NOT NULL,
    not_after BIGINT NOT NULL,
    code_hash BYTEA UNIQUE REFERENCES invitation (code_hash),
    renews BYTEA UNIQUE REFERENCES certificate (serial),
    CHECK ((code_hash IS NULL) <> (renews IS NULL))
);
CREATE INDEX certificate_by_entry ON certificate (entry);
CREATE TABLE revocation (
    serial BYTEA NOT NULL PRIMARY KEY REFERENCES certificate (serial),
    revoked_at BIGINT NOT NULL,
    reason BIGINT NOT NULL CHECK (reason BETWEEN 0 AND 10),
    invalid_since BIGINT
);
CREATE TABLE crl (
    number BIGINT NOT NULL PRIMARY KEY CHECK (number >= 1),
    der BYTEA NOT NULL CHECK (length(der) > 0),
    published_at BIGINT NOT NULL
);
CREATE TABLE roll (
    election TEXT NOT NULL PRIMARY KEY CHECK (length(election) BETWEEN 3 AND 64),
    size BIGINT NOT NULL CHECK (size >= 1),
    root BYTEA NOT NULL CHECK (length(root) = 32),
    token_key_bits BIGINT NOT NULL,
    frozen_at BIGINT NOT NULL
);
CREATE TABLE roll_entry (
    election TEXT NOT NULL REFERENCES roll (election),
    entry TEXT NOT NULL REFERENCES voter (entry),
    style TEXT NOT NULL CHECK (length(style) BETWEEN 1 AND 32),
    sealed_salt BYTEA NOT NULL,
    commitment BYTEA NOT NULL CHECK (length(commitment) = 32),
    PRIMARY KEY (election, entry)
);
CREATE INDEX roll_entry_by_entry ON roll_entry (entry);
CREATE TABLE token_key (
    key_id BYTEA NOT NULL PRIMARY KEY CHECK (length(key_id) = 32),
    election TEXT NOT NULL REFERENCES roll (election),
    style TEXT NOT NULL CHECK (length(style) BETWEEN 1 AND 32),
    spki BYTEA NOT NULL,
    sealed_key BYTEA NOT NULL,
    UNIQUE (election, style)
);
CREATE TABLE installed_manifest (
    election TEXT NOT NULL PRIMARY KEY REFERENCES roll (election),
    digest BYTEA NOT NULL CHECK (length(digest) = 32),
    text BYTEA NOT NULL,
    installed_at BIGINT NOT NULL
);
CREATE TABLE claim (
    election TEXT NOT NULL REFERENCES installed_manifest (election),
    entry TEXT NOT NULL,
    style TEXT NOT NULL,
    blinded_hash BYTEA NOT NULL CHECK (length(blinded_hash) = 32),
    message BYTEA NOT NULL CHECK (length(message) > 0),
    salt BYTEA NOT NULL CHECK (length(salt) = 32),
    PRIMARY KEY (election, entry),
    FOREIGN KEY (election, entry) REFERENCES roll_entry (election, entry)
);
CREATE TABLE claim_signature (
    election TEXT NOT NULL,
    entry TEXT NOT NULL,
    signature BYTEA NOT NULL CHECK (length(signature) BETWEEN 256 AND 512),
    PRIMARY KEY (election, entry),
    FOREIGN KEY (election, entry) REFERENCES claim (election, entry)
);
CREATE TABLE closed_claims (
    election TEXT NOT NULL PRIMARY KEY REFERENCES installed_manifest (election),
    text BYTEA NOT NULL,
    signature BYTEA NOT NULL,
    closed_at BIGINT NOT NULL
);
CREATE TABLE archived_election (
    election TEXT NOT NULL PRIMARY KEY REFERENCES closed_claims (election),
    archived_at BIGINT NOT NULL
);
-- only: sqlite
CREATE TRIGGER voter_no_delete BEFORE DELETE ON voter
BEGIN SELECT RAISE(ABORT, 'a roll entry is never deleted, only its personal data'); END;
CREATE TRIGGER voter_fixed BEFORE UPDATE OF entry, sequence, style ON voter
BEGIN SELECT RAISE(ABORT, 'entry, sequence and style of a voter never change'); END;
CREATE TRIGGER voter_removed BEFORE UPDATE ON voter WHEN OLD.removed_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a removed voter stays removed'); END;
CREATE TRIGGER invitation_no_delete BEFORE DELETE ON invitation
BEGIN SELECT RAISE(ABORT, 'invitations are kept'); END;
CREATE TRIGGER invitation_fixed BEFORE UPDATE OF code_hash, entry, expires ON invitation
BEGIN SELECT RAISE(ABORT, 'an invitation never changes'); END;
CREATE TRIGGER invitation_bound BEFORE UPDATE OF key_hash ON invitation WHEN OLD.key_hash IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'an invitation belongs to the first key that used it'); END;
CREATE TRIGGER invitation_withdrawn BEFORE UPDATE OF withdrawn_at ON invitation WHEN OLD.withdrawn_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a withdrawn invitation stays withdrawn'); END;
CREATE TRIGGER voter_key_no_update BEFORE UPDATE ON voter_key
BEGIN SELECT RAISE(ABORT, 'voter_key is append-only'); END;
CREATE TRIGGER voter_key_no_delete BEFORE DELETE ON voter_key
BEGIN SELECT RAISE(ABORT, 'voter_key is append-only'); END;
CREATE TRIGGER issuance_intent_no_update BEFORE UPDATE ON issuance_intent
BEGIN SELECT RAISE(ABORT, 'issuance_intent is append-only'); END;
CREATE TRIGGER issuance_intent_no_delete BEFORE DELETE ON issuance_intent
BEGIN SELECT RAISE(ABORT, 'issuance_intent is append-only'); END;
CREATE TRIGGER certificate_no_update BEFORE UPDATE ON certificate
BEGIN SELECT RAISE(ABORT, 'certificate is append-only'); END;
CREATE TRIGGER certificate_no_delete BEFORE DELETE ON certificate
BEGIN SELECT RAISE(ABORT, 'certificate is append-only'); END;
CREATE TRIGGER revocation_no_update BEFORE UPDATE ON revocation
BEGIN SELECT RAISE(ABORT, 'revocation is append-only'); END;
CREATE TRIGGER revocation_no_delete BEFORE DELETE ON revocation
BEGIN SELECT RAISE(ABORT, 'revocation is append-only'); END;
CREATE TRIGGER crl_no_update BEFORE UPDATE ON crl
BEGIN SELECT RAISE(ABORT, 'crl is append-only'); END;
CREATE TRIGGER crl_no_delete BEFORE DELETE ON crl
BEGIN SELECT RAISE(ABORT, 'crl is append-only'); END;
CREATE TRIGGER roll_no_update BEFORE UPDATE ON roll
BEGIN SELECT RAISE(ABORT, 'roll is append-only'); END;
CREATE TRIGGER roll_no_delete BEFORE DELETE ON roll
BEGIN SELECT RAISE(ABORT, 'roll is append-only'); END;
CREATE TRIGGER roll_entry_no_update BEFORE UPDATE ON roll_entry
BEGIN SELECT RAISE(ABORT, 'roll_entry is append-only'); END;
CREATE TRIGGER roll_entry_no_delete BEFORE DELETE ON roll_entry
BEGIN SELECT RAISE(ABORT, 'roll_entry is append-only'); END;
CREATE TRIGGER token_key_no_update BEFORE UPDATE ON token_key
BEGIN SELECT RAISE(ABORT, 'token_key is append-only'); END;
CREATE TRIGGER token_key_no_delete BEFORE DELETE ON token_key
BEGIN SELECT RAISE(ABORT, 'token_key is append-only'); END;
CREATE TRIGGER installed_manifest_no_update BEFORE UPDATE ON installed_manifest
BEGIN SELECT RAISE(ABORT, 'installed_manifest is append-only'); END;
CREATE TRIGGER installed_manifest_no_delete BEFORE DELETE ON installed_manifest
BEGIN SELECT RAISE(ABORT, 'installed_manifest is append-only'); END;
CREATE TRIGGER claim_no_update BEFORE UPDATE ON claim
BEGIN SELECT RAISE(ABORT, 'claim is append-only'); END;
CREATE TRIGGER claim_no_delete BEFORE DELETE ON claim
BEGIN SELECT RAISE(ABORT, 'claim is append-only'); END;
CREATE TRIGGER claim_signature_no_update BEFORE UPDATE ON claim_signature
BEGIN SELECT RAISE(ABORT, 'claim_signature is append-only'); END;
CREATE TRIGGER claim_signature_no_delete BEFORE DELETE ON claim_signature
BEGIN SELECT RAISE(ABORT, 'claim_signature is append-only'); END;
CREATE TRIGGER closed_claims_no_update BEFORE UPDATE ON closed_claims
BEGIN SELECT RAISE(ABORT, 'closed_claims is append-only'); END;
CREATE TRIGGER closed_claims_no_delete BEFORE DELETE ON closed_claims
BEGIN SELECT RAISE(ABORT, 'closed_claims is append-only'); END;
CREATE TRIGGER archived_election_no_update BEFORE UPDATE ON archived_election
BEGIN SELECT RAISE(ABORT, 'archived_election is append-only'); END;
CREATE TRIGGER archived_election_no_delete BEFORE DELETE ON archived_election
BEGIN SELECT RAISE(ABORT, 'archived_election is append-only'); END;
CREATE TRIGGER claim_after_close BEFORE INSERT ON claim
WHEN EXISTS (SELECT 1 FROM closed_claims WHERE election = NEW.election)
BEGIN SELECT RAISE(ABORT, 'the claims of this election are closed'); END;
-- end
-- only: postgresql
CREATE FUNCTION refuse_registrar_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '% keeps what it was given', TG_TABLE_NAME; END $$;
CREATE TRIGGER voter_no_delete BEFORE DELETE ON voter FOR EACH ROW EXECUTE FUNCTION refuse_registrar_change();
CREATE TRIGGER voter_fixed BEFORE UPDATE OF entry, sequence, style ON voter
FOR EACH ROW EXECUTE FUNCTION refuse_registrar_change();
CREATE TRIGGER voter_removed BEFORE UPDATE ON voter
FOR EACH ROW WHEN (OLD.removed_at IS NOT NULL) EXECUTE FUNCTION refuse_registrar_change();
CREATE TRIGGER invitation_no_delete BEFORE DELETE ON invitation
FOR EACH ROW EXECUTE FUNCTION refuse_registrar_change();
CREATE TRIGGER invitation_fixed BEFORE UPDATE OF code_hash, entry, expires ON invitation
FOR EACH ROW EXECUTE FUNCTION refuse_registrar_change();
CREATE TRIGGER invitation_bound BEFORE UPDATE OF key_hash ON invitation
FOR EACH ROW WHEN (OLD.key_hash IS NOT NULL) EXECUTE FUNCTION refuse_registrar_change();
CREATE TRIGGER invitation_withdrawn BEFORE UPDATE OF withdrawn_at ON invitation
FOR EACH ROW WHEN (OLD.withdrawn_at IS NOT NULL) EXECUTE FUNCTION refuse_registrar_change();
CREATE TRIGGER voter_key_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON voter_key
FOR EACH STATEMENT EXECUTE FUNCTION refuse_registrar_change();
CREATE TRIGGER issuance_intent_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON issuance_intent
FOR EACH STATEMENT EXECUTE FUNCTION refuse_registrar_change();
CREATE TRIGGER certificate_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON certificate
FOR EACH STATEMENT EXECUTE FUNCTION refuse_registrar_change();
CREATE TRIGGER revocation_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON revocation
FOR EACH STATEMENT EXECUTE FUNCTION refuse_registrar_change();
CREATE TRIGGER crl_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON crl
FOR EACH STATEMENT EXECUTE FUNCTION refuse_registrar_change();
CREATE TRIGGER roll_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON roll
FOR EACH STATEMENT EXECUTE FUNCTION refuse_registrar_change();
CREATE TRIGGER roll_entry_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON roll_entry
FOR EACH STATEMENT EXECUTE FUNCTION refuse_registrar_change();
CREATE TRIGGER token_key_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON token_key
FOR EACH STATEMENT EXECUTE FUNCTION refuse_registrar_change();
CREATE TRIGGER installed_manifest_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON installed_manifest
FOR EACH STATEMENT EXECUTE FUNCTION refuse_registrar_change();
CREATE TRIGGER claim_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON claim
FOR EACH STATEMENT EXECUTE FUNCTION refuse_registrar_change();
CREATE TRIGGER claim_signature_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON claim_signature
FOR EACH STATEMENT EXECUTE FUNCTION refuse_registrar_change();
CREATE TRIGGER closed_claims_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON closed_claims
FOR EACH STATEMENT EXECUTE FUNCTION refuse_registrar_change();
CREATE TRIGGER archived_election_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON archived_election
FOR EACH STATEMENT EXECUTE FUNCTION refuse_registrar_change();
CREATE FUNCTION refuse_late_claim() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    IF EXISTS (SELECT 1 FROM closed_claims WHERE election = NEW.election) THEN
        RAISE EXCEPTION 'the claims of this election are closed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER claim_after_close BEFORE INSERT ON claim FOR EACH ROW EXECUTE FUNCTION refuse_late_claim();
-- end
