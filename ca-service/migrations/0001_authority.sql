-- The inventory of the Election Authority; see store.h. What was signed is never changed or removed.
CREATE TABLE authority_value (
    name TEXT NOT NULL PRIMARY KEY,
    value BYTEA NOT NULL
);
-- Written before the CA key is used: a serial number that stands here is never given out again.
CREATE TABLE issuance_intent (
    serial BYTEA NOT NULL PRIMARY KEY CHECK (length(serial) = 20),
    tbs BYTEA NOT NULL,
    recorded_at BIGINT NOT NULL
);
CREATE TABLE certificate (
    serial BYTEA NOT NULL PRIMARY KEY REFERENCES issuance_intent (serial),
    role BIGINT NOT NULL,
    subject TEXT NOT NULL,
    subject_folded TEXT NOT NULL,
    key_sha256 BYTEA NOT NULL CHECK (length(key_sha256) = 32),
    fingerprint BYTEA NOT NULL UNIQUE CHECK (length(fingerprint) = 32),
    not_before BIGINT NOT NULL,
    not_after BIGINT NOT NULL,
    issued_at BIGINT NOT NULL,
    renews BYTEA REFERENCES certificate (serial),
    der BYTEA NOT NULL
);
CREATE INDEX certificate_by_key ON certificate (key_sha256);
CREATE INDEX certificate_by_renewed ON certificate (renews);
CREATE TABLE revocation (
    serial BYTEA NOT NULL PRIMARY KEY REFERENCES certificate (serial),
    revoked_at BIGINT NOT NULL,
    reason BIGINT NOT NULL,
    invalid_since BIGINT
);
CREATE TABLE crl (
    number BIGINT NOT NULL PRIMARY KEY CHECK (number >= 1),
    this_update BIGINT NOT NULL,
    next_update BIGINT NOT NULL,
    der BYTEA NOT NULL
);
-- Time-stamp numbers up to `reserved` may have been used.
CREATE TABLE timestamp_serial (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    reserved BIGINT NOT NULL CHECK (reserved >= 0)
);
INSERT INTO timestamp_serial (id, reserved) VALUES (1, 0);
-- only: sqlite
CREATE TRIGGER authority_value_no_update BEFORE UPDATE ON authority_value
BEGIN SELECT RAISE(ABORT, 'the values of an authority do not change'); END;
CREATE TRIGGER authority_value_no_delete BEFORE DELETE ON authority_value
BEGIN SELECT RAISE(ABORT, 'the values of an authority do not change'); END;
CREATE TRIGGER issuance_intent_no_update BEFORE UPDATE ON issuance_intent
BEGIN SELECT RAISE(ABORT, 'intents are append-only'); END;
CREATE TRIGGER issuance_intent_no_delete BEFORE DELETE ON issuance_intent
BEGIN SELECT RAISE(ABORT, 'intents are append-only'); END;
CREATE TRIGGER certificate_no_update BEFORE UPDATE ON certificate
BEGIN SELECT RAISE(ABORT, 'certificates are append-only'); END;
CREATE TRIGGER certificate_no_delete BEFORE DELETE ON certificate
BEGIN SELECT RAISE(ABORT, 'certificates are append-only'); END;
CREATE TRIGGER revocation_no_update BEFORE UPDATE ON revocation
BEGIN SELECT RAISE(ABORT, 'revocations are append-only'); END;
CREATE TRIGGER revocation_no_delete BEFORE DELETE ON revocation
BEGIN SELECT RAISE(ABORT, 'revocations are append-only'); END;
CREATE TRIGGER crl_no_update BEFORE UPDATE ON crl
BEGIN SELECT RAISE(ABORT, 'revocation lists are append-only'); END;
CREATE TRIGGER crl_no_delete BEFORE DELETE ON crl
BEGIN SELECT RAISE(ABORT, 'revocation lists are append-only'); END;
CREATE TRIGGER timestamp_serial_grows BEFORE UPDATE ON timestamp_serial WHEN NEW.reserved <= OLD.reserved
BEGIN SELECT RAISE(ABORT, 'time-stamp numbers are never used twice'); END;
CREATE TRIGGER timestamp_serial_no_delete BEFORE DELETE ON timestamp_serial
BEGIN SELECT RAISE(ABORT, 'time-stamp numbers are never used twice'); END;
-- end
-- only: postgresql
CREATE TRIGGER authority_value_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON authority_value
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER issuance_intent_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON issuance_intent
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER certificate_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON certificate
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER revocation_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON revocation
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER crl_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON crl
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE FUNCTION refuse_timestamp_reuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    IF NEW.reserved <= OLD.reserved THEN RAISE EXCEPTION 'time-stamp numbers are never used twice'; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER timestamp_serial_grows BEFORE UPDATE ON timestamp_serial
FOR EACH ROW EXECUTE FUNCTION refuse_timestamp_reuse();
CREATE TRIGGER timestamp_serial_no_delete BEFORE DELETE OR TRUNCATE ON timestamp_serial
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
-- end
