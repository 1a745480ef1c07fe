-- The owner gave itself atrium_login to hand the login functions over (0007). While it inherits from that role, the policies that let the role look
-- across tenants hold for the owner as well, and for what runs as the owner, in spite of FORCE. It keeps the right to become the role, which a later
-- migration of those functions needs (SET LOCAL ROLE atrium_login); PostgreSQL 15 cannot tell the two apart, there it grants itself the role again.
DO $$ BEGIN
  IF current_setting('server_version_num')::integer >= 160000 THEN
    EXECUTE 'GRANT atrium_login TO CURRENT_USER WITH INHERIT FALSE, SET TRUE';
  ELSE
    EXECUTE 'REVOKE atrium_login FROM CURRENT_USER';
  END IF;
END $$;
