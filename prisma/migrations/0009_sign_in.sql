-- Sign-in, hardened: attempts are counted, refresh tokens name their session, passwords grow old, a second factor.

ALTER TABLE user_secret
  -- Attempts are counted below, also of people who do not exist.
  DROP COLUMN failed_attempts,
  DROP COLUMN locked_until,
  -- The hashes before the present one, latest first.
  ADD COLUMN password_history text[] NOT NULL DEFAULT '{}' CHECK (cardinality(password_history) <= 4),
  -- The next sign-in sets a new password.
  ADD COLUMN must_change boolean NOT NULL DEFAULT false,
  ADD COLUMN changed_at timestamptz(3) NOT NULL DEFAULT now(),
  -- The secret of the second factor, encrypted; it asks for codes from mfa_confirmed_at on.
  ADD COLUMN mfa_secret bytea,
  ADD COLUMN mfa_confirmed_at timestamptz(3),
  -- The time step of the last code that was taken: each is taken once.
  ADD COLUMN mfa_last_step bigint,
  -- Keyed hashes of the recovery codes that were not used yet.
  ADD COLUMN mfa_recovery bytea[] NOT NULL DEFAULT '{}',
  ADD CONSTRAINT user_secret_mfa_check CHECK (mfa_confirmed_at IS NULL OR mfa_secret IS NOT NULL);
SELECT atrium.tenant_table('user_secret');
REVOKE UPDATE (user_id) ON user_secret FROM atrium_app;

-- Null: passwords do not grow old.
ALTER TABLE tenant ADD COLUMN password_max_age_days integer CHECK (password_max_age_days BETWEEN 1 AND 3650);
GRANT UPDATE (password_max_age_days) ON tenant TO atrium_app;

-- A refresh token carries its session's id and its number in the session: the session is the family.
DROP FUNCTION atrium.tenant_of_refresh(bytea);
REVOKE SELECT (refresh_hash, previous_hash) ON session FROM atrium_login;
DROP INDEX session_refresh_hash_idx;
ALTER TABLE session
  DROP COLUMN previous_hash,
  DROP COLUMN family,
  -- The number of the present refresh token.
  ADD COLUMN counter bigint NOT NULL DEFAULT 0 CHECK (counter >= 0),
  -- When the present refresh token took the place of the one before.
  ADD COLUMN rotated_at timestamptz(3) NOT NULL DEFAULT now();
SELECT atrium.tenant_table('session');
-- A refresh token names its session before its tenant is known.
CREATE INDEX session_id_idx ON session (id);

-- What was tried against an account or from an address. The keys are keyed hashes: nothing here says who or where, and nothing belongs to a tenant,
-- because an account that does not exist is counted like one that does.
CREATE TABLE atrium.sign_in_attempt (
  key bytea PRIMARY KEY,
  -- Of the attempts that count, oldest first.
  times timestamptz(3)[] NOT NULL,
  expires_at timestamptz(3) NOT NULL
);
CREATE INDEX ON atrium.sign_in_attempt (expires_at);

-- 0007 says why the owner may not keep this.
DO $$ BEGIN
  IF current_setting('server_version_num')::integer < 160000 THEN
    EXECUTE 'GRANT atrium_login TO CURRENT_USER';
  END IF;
END $$;
GRANT SELECT (tenant_id, id) ON session TO atrium_login;
GRANT SELECT, INSERT, UPDATE, DELETE ON atrium.sign_in_attempt TO atrium_login;

CREATE FUNCTION atrium.tenant_of_session(wanted uuid) RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS 'SELECT s.tenant_id FROM public.session s WHERE s.id = wanted';

-- Counts an attempt under all of its keys, each with the most attempts that it allows within so many seconds, and gives 0. When one of them has had its
-- most, counts it under none and gives the seconds until the next attempt. The rows are locked before they are looked at, in one order whoever comes:
-- of attempts at the same time exactly the allowed ones pass.
CREATE FUNCTION atrium.count_attempt(keys bytea[], most integer[], seconds integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  span CONSTANT interval := make_interval(secs => seconds);
  moment timestamptz;
  wanted record;
  kept timestamptz[];
  wait integer := 0;
BEGIN
  FOR wanted IN
    SELECT u.key, min(u.most) AS most FROM unnest(keys, most) AS u (key, most) GROUP BY u.key ORDER BY u.key
  LOOP
    INSERT INTO atrium.sign_in_attempt AS a (key, times, expires_at) VALUES (wanted.key, '{}', clock_timestamp() + span)
    ON CONFLICT (key) DO UPDATE SET times = ARRAY(SELECT t FROM unnest(a.times) t WHERE t > clock_timestamp() - span ORDER BY t)
    RETURNING a.times INTO kept;
    IF cardinality(kept) >= wanted.most THEN
      wait := greatest(wait, 1,
        ceil(extract(epoch FROM kept[cardinality(kept) - wanted.most + 1] + span - clock_timestamp()))::integer);
    END IF;
  END LOOP;
  IF wait = 0 THEN
    moment := clock_timestamp();
    UPDATE atrium.sign_in_attempt a SET times = a.times || moment::timestamptz(3), expires_at = moment + span
    WHERE a.key = ANY (keys);
  END IF;
  -- Nobody cleans up but who comes by. What somebody else holds is left to them.
  DELETE FROM atrium.sign_in_attempt a WHERE a.key IN (
    SELECT o.key FROM atrium.sign_in_attempt o WHERE o.expires_at < clock_timestamp()
    ORDER BY o.expires_at LIMIT 20 FOR UPDATE SKIP LOCKED
  );
  RETURN wait;
END $$;

-- After an attempt that was no guess: forgets everything under some keys, takes the latest attempt back under others. Gives 0.
CREATE FUNCTION atrium.forgive_attempt(forgotten bytea[], returned bytea[]) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  wanted record;
BEGIN
  FOR wanted IN
    SELECT u.key, bool_or(u.forget) AS forget
    FROM (SELECT unnest(forgotten) AS key, true AS forget UNION ALL SELECT unnest(returned), false) u
    GROUP BY u.key ORDER BY u.key
  LOOP
    UPDATE atrium.sign_in_attempt a
    SET times = CASE WHEN wanted.forget THEN '{}' ELSE a.times[:cardinality(a.times) - 1] END
    WHERE a.key = wanted.key;
  END LOOP;
  RETURN 0;
END $$;

-- While they are still the owner's: it may not act for the role that they go to.
REVOKE ALL ON FUNCTION atrium.tenant_of_session(uuid), atrium.count_attempt(bytea[], integer[], integer), atrium.forgive_attempt(bytea[], bytea[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION atrium.tenant_of_session(uuid), atrium.count_attempt(bytea[], integer[], integer), atrium.forgive_attempt(bytea[], bytea[]) TO atrium_app;
-- A function's new owner needs CREATE on its schema at the moment of the change.
GRANT CREATE ON SCHEMA atrium TO atrium_login;
ALTER FUNCTION atrium.tenant_of_session(uuid) OWNER TO atrium_login;
ALTER FUNCTION atrium.count_attempt(bytea[], integer[], integer) OWNER TO atrium_login;
ALTER FUNCTION atrium.forgive_attempt(bytea[], bytea[]) OWNER TO atrium_login;
REVOKE CREATE ON SCHEMA atrium FROM atrium_login;
DO $$ BEGIN
  IF current_setting('server_version_num')::integer < 160000 THEN
    EXECUTE 'REVOKE atrium_login FROM CURRENT_USER';
  END IF;
END $$;
