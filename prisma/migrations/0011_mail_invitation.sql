-- Outgoing mail, and the tokens that go out by it: invitations and password resets.

-- A mail that waits, was sent or was given up. Written in the transaction that causes it, sent afterwards (src/events/mail.ts).
CREATE TABLE mail (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  -- INVITATION, PASSWORD_RESET …, for whoever looks at the table.
  kind text NOT NULL CHECK (kind ~ '^[A-Z][A-Z_]*$'),
  -- One address, and nothing that a header could take for more.
  to_address text NOT NULL CHECK (to_address ~ '^[^[:space:][:cntrl:],;:<>()"]+@[^[:space:][:cntrl:],;:<>()"@]+$'),
  subject text NOT NULL CHECK (subject !~ '[[:cntrl:]]'),
  -- Plain text. It holds tokens, so it goes when the mail is sent or given up.
  body text,
  status text NOT NULL DEFAULT 'PENDING' CHECK (status IN ('PENDING', 'SENT', 'FAILED')),
  attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  next_attempt_at timestamptz(3) NOT NULL DEFAULT now(),
  -- Afterwards it is of no use to the recipient and is not sent any more.
  expires_at timestamptz(3) NOT NULL,
  sent_at timestamptz(3),
  -- Codes of the last failure: EENVELOPE 550.
  error text,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT mail_body_while_pending CHECK ((status = 'PENDING') = (body IS NOT NULL))
);
SELECT atrium.tenant_table('mail');
REVOKE UPDATE (kind, to_address, subject, expires_at) ON mail FROM atrium_app;
CREATE INDEX mail_pending_idx ON mail (tenant_id, next_attempt_at) WHERE status = 'PENDING';
CREATE INDEX mail_done_idx ON mail (tenant_id, created_at) WHERE status <> 'PENDING';

-- A secret that was mailed to a user and works once. Only its hash is kept.
CREATE TABLE user_token (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  user_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('INVITATION', 'PASSWORD_RESET')),
  -- SHA-256 of the token.
  token_hash bytea NOT NULL,
  -- SHA-256 over the user's address and password hash when it was made: a change of either ends it.
  binding bytea NOT NULL,
  expires_at timestamptz(3) NOT NULL,
  -- When it was used, or was replaced by another.
  used_at timestamptz(3),
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  created_by uuid DEFAULT atrium.actor_id(),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.tenant_table('user_token');
REVOKE UPDATE (user_id, kind, token_hash, binding, expires_at) ON user_token FROM atrium_app;
CREATE UNIQUE INDEX user_token_token_hash_key ON user_token (tenant_id, token_hash);
-- One of a kind is in force at a time.
CREATE UNIQUE INDEX user_token_live_key ON user_token (tenant_id, user_id, kind) WHERE used_at IS NULL;
CREATE INDEX user_token_user_idx ON user_token (tenant_id, user_id, created_at);

-- What ends the moment a user's address or password changes. Runs as who asks, under their row security.
CREATE FUNCTION atrium.user_binding(email text, password_hash text) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN sha256(convert_to(coalesce(email, '') || chr(10) || coalesce(password_hash, ''), 'UTF8'));
GRANT EXECUTE ON FUNCTION atrium.user_binding(text, text) TO atrium_app;

-- Whose mail is due: ids of tenants and nothing else, for the sender, which then works inside each tenant's bracket (0007 says how such functions run).
CREATE FUNCTION atrium.tenants_with_mail() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS 'SELECT DISTINCT m.tenant_id FROM public.mail m WHERE m.status = ''PENDING'' AND m.next_attempt_at <= now()';
REVOKE ALL ON FUNCTION atrium.tenants_with_mail() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION atrium.tenants_with_mail() TO atrium_app;
GRANT SELECT (tenant_id, status, next_attempt_at) ON mail TO atrium_login;
CREATE POLICY login ON mail FOR SELECT TO atrium_login USING (true);
DO $$ BEGIN
  IF current_setting('server_version_num')::integer < 160000 THEN
    EXECUTE 'GRANT atrium_login TO CURRENT_USER';
  END IF;
END $$;
GRANT CREATE ON SCHEMA atrium TO atrium_login;
ALTER FUNCTION atrium.tenants_with_mail() OWNER TO atrium_login;
REVOKE CREATE ON SCHEMA atrium FROM atrium_login;
DO $$ BEGIN
  IF current_setting('server_version_num')::integer < 160000 THEN
    EXECUTE 'REVOKE atrium_login FROM CURRENT_USER';
  END IF;
END $$;
