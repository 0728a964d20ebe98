-- Certificates of the registrar CA's OCSP responder, each with a key of its own. The intent comes first, so that no
-- serial number is ever used twice.
CREATE TABLE responder_intent (
    serial BYTEA NOT NULL PRIMARY KEY CHECK (length(serial) = 20),
    tbs BYTEA NOT NULL CHECK (length(tbs) > 0),
    sealed_key BYTEA NOT NULL,
    recorded_at BIGINT NOT NULL
);
CREATE TABLE responder (
    serial BYTEA NOT NULL PRIMARY KEY REFERENCES responder_intent (serial),
    der BYTEA NOT NULL CHECK (length(der) > 0),
    not_after BIGINT NOT NULL
);
-- only: sqlite
CREATE TRIGGER responder_intent_no_update BEFORE UPDATE ON responder_intent
BEGIN SELECT RAISE(ABORT, 'responder_intent is append-only'); END;
CREATE TRIGGER responder_intent_no_delete BEFORE DELETE ON responder_intent
BEGIN SELECT RAISE(ABORT, 'responder_intent is append-only'); END;
CREATE TRIGGER responder_no_update BEFORE UPDATE ON responder
BEGIN SELECT RAISE(ABORT, 'responder is append-only'); END;
CREATE TRIGGER responder_no_delete BEFORE DELETE ON responder
BEGIN SELECT RAISE(ABORT, 'responder is append-only'); END;
-- end
-- only: postgresql
CREATE TRIGGER responder_intent_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON responder_intent
FOR EACH STATEMENT EXECUTE FUNCTION refuse_registrar_change();
CREATE TRIGGER responder_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON responder
FOR EACH STATEMENT EXECUTE FUNCTION refuse_registrar_change();
-- end
