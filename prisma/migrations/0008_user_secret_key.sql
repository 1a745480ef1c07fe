-- A password does not move to another user: user_secret is keyed by user_id, which the application, like every key, sets once.
REVOKE UPDATE (user_id) ON user_secret FROM atrium_app;
