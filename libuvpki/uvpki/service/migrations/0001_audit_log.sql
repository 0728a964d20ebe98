-- The hash-chained audit log and its signed checkpoints; see audit_log.h. No row is ever changed or removed.
CREATE TABLE audit (
    sequence BIGINT NOT NULL PRIMARY KEY CHECK (sequence >= 1),
    time BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    details_json TEXT NOT NULL,
    previous_hash BYTEA NOT NULL CHECK (length(previous_hash) = 32),
    hash BYTEA NOT NULL CHECK (length(hash) = 32)
-- only: sqlite
) WITHOUT ROWID;
-- end
-- only: postgresql
);
-- end
CREATE TABLE audit_checkpoint (
    sequence BIGINT NOT NULL PRIMARY KEY CHECK (sequence >= 0),
    time BIGINT NOT NULL,
    hash BYTEA NOT NULL CHECK (length(hash) = 32),
    signature BYTEA NOT NULL
-- only: sqlite
) WITHOUT ROWID;
-- end
-- only: postgresql
);
-- end
-- only: sqlite
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_checkpoint_no_update BEFORE UPDATE ON audit_checkpoint
BEGIN SELECT RAISE(ABORT, 'audit checkpoints are append-only'); END;
CREATE TRIGGER audit_checkpoint_no_delete BEFORE DELETE ON audit_checkpoint
BEGIN SELECT RAISE(ABORT, 'audit checkpoints are append-only'); END;
-- end
-- only: postgresql
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$;
CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_checkpoint_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_checkpoint
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
-- end
