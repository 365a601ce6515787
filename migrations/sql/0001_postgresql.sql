-- Guards of revision 0001, frozen. Statements are separated by empty lines and hold none themselves.

CREATE FUNCTION driveflow_refuse() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN RAISE EXCEPTION 'immutable: %', TG_ARGV[0] USING ERRCODE = '23D01'; END $$

CREATE FUNCTION driveflow_refuse_while_trip_stands() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM trips WHERE org_id = OLD.org_id AND id = OLD.trip_id) THEN
    RAISE EXCEPTION 'immutable: %', TG_ARGV[0] USING ERRCODE = '23D01';
  END IF;
  RETURN OLD;
END $$

CREATE TRIGGER packages_immutable_update BEFORE UPDATE ON packages FOR EACH ROW
WHEN (OLD.org_id IS DISTINCT FROM NEW.org_id
    OR OLD.id IS DISTINCT FROM NEW.id
    OR OLD.student_id IS DISTINCT FROM NEW.student_id
    OR OLD.minutes_bought IS DISTINCT FROM NEW.minutes_bought
    OR OLD.price_cents IS DISTINCT FROM NEW.price_cents
    OR OLD.created_at IS DISTINCT FROM NEW.created_at)
EXECUTE FUNCTION driveflow_refuse('packages')

CREATE TRIGGER packages_immutable_delete BEFORE DELETE ON packages FOR EACH ROW
EXECUTE FUNCTION driveflow_refuse('packages')

CREATE TRIGGER package_uses_immutable_update BEFORE UPDATE ON package_uses FOR EACH ROW
WHEN (OLD.org_id IS DISTINCT FROM NEW.org_id
    OR OLD.id IS DISTINCT FROM NEW.id
    OR OLD.package_id IS DISTINCT FROM NEW.package_id
    OR OLD.booking_id IS DISTINCT FROM NEW.booking_id
    OR OLD.minutes IS DISTINCT FROM NEW.minutes
    OR OLD.created_at IS DISTINCT FROM NEW.created_at)
EXECUTE FUNCTION driveflow_refuse('package_uses')

CREATE TRIGGER package_uses_immutable_delete BEFORE DELETE ON package_uses FOR EACH ROW
EXECUTE FUNCTION driveflow_refuse('package_uses')

CREATE TRIGGER payments_immutable_update BEFORE UPDATE ON payments FOR EACH ROW
WHEN (OLD.org_id IS DISTINCT FROM NEW.org_id
    OR OLD.id IS DISTINCT FROM NEW.id
    OR OLD.booking_id IS DISTINCT FROM NEW.booking_id
    OR OLD.package_id IS DISTINCT FROM NEW.package_id
    OR OLD.kind IS DISTINCT FROM NEW.kind
    OR OLD.replaces_id IS DISTINCT FROM NEW.replaces_id
    OR OLD.currency IS DISTINCT FROM NEW.currency
    OR OLD.amount_cents IS DISTINCT FROM NEW.amount_cents
    OR OLD.platform_fee_cents IS DISTINCT FROM NEW.platform_fee_cents
    OR OLD.instructor_share_cents IS DISTINCT FROM NEW.instructor_share_cents
    OR OLD.method IS DISTINCT FROM NEW.method
    OR OLD.rounding_cents IS DISTINCT FROM NEW.rounding_cents
    OR OLD.created_at IS DISTINCT FROM NEW.created_at
    OR (OLD.received_at IS NOT NULL AND OLD.received_at IS DISTINCT FROM NEW.received_at)
    OR (OLD.checkout_url IS NOT NULL AND OLD.checkout_url IS DISTINCT FROM NEW.checkout_url)
    OR (OLD.stripe_payment_intent_id IS NOT NULL AND OLD.stripe_payment_intent_id IS DISTINCT FROM NEW.stripe_payment_intent_id)
    OR (OLD.stripe_charge_id IS NOT NULL AND OLD.stripe_charge_id IS DISTINCT FROM NEW.stripe_charge_id)
    OR (OLD.stripe_refund_id IS NOT NULL AND OLD.stripe_refund_id IS DISTINCT FROM NEW.stripe_refund_id))
EXECUTE FUNCTION driveflow_refuse('payments')

CREATE TRIGGER payments_immutable_delete BEFORE DELETE ON payments FOR EACH ROW
EXECUTE FUNCTION driveflow_refuse('payments')

CREATE TRIGGER refunds_immutable_update BEFORE UPDATE ON refunds FOR EACH ROW
WHEN (OLD.org_id IS DISTINCT FROM NEW.org_id
    OR OLD.id IS DISTINCT FROM NEW.id
    OR OLD.payment_id IS DISTINCT FROM NEW.payment_id
    OR OLD.currency IS DISTINCT FROM NEW.currency
    OR OLD.amount_cents IS DISTINCT FROM NEW.amount_cents
    OR OLD.platform_fee_cents IS DISTINCT FROM NEW.platform_fee_cents
    OR OLD.instructor_share_cents IS DISTINCT FROM NEW.instructor_share_cents
    OR OLD.created_at IS DISTINCT FROM NEW.created_at
    OR (OLD.stripe_refund_id IS NOT NULL AND OLD.stripe_refund_id IS DISTINCT FROM NEW.stripe_refund_id)
    OR (OLD.reason IS DISTINCT FROM NEW.reason AND ((current_setting('driveflow.door', true) = 'erasure') IS NOT TRUE)))
EXECUTE FUNCTION driveflow_refuse('refunds')

CREATE TRIGGER refunds_immutable_delete BEFORE DELETE ON refunds FOR EACH ROW
EXECUTE FUNCTION driveflow_refuse('refunds')

CREATE TRIGGER payout_runs_immutable_update BEFORE UPDATE ON payout_runs FOR EACH ROW
WHEN (OLD.org_id IS DISTINCT FROM NEW.org_id
    OR OLD.id IS DISTINCT FROM NEW.id
    OR OLD.created_at IS DISTINCT FROM NEW.created_at
    OR (OLD.approved_by IS NOT NULL AND OLD.approved_by IS DISTINCT FROM NEW.approved_by)
    OR (OLD.approved_at IS NOT NULL AND OLD.approved_at IS DISTINCT FROM NEW.approved_at)
    OR (OLD.status <> 'draft' AND (OLD.period_start IS DISTINCT FROM NEW.period_start OR OLD.period_end IS DISTINCT FROM NEW.period_end)))
EXECUTE FUNCTION driveflow_refuse('payout_runs')

CREATE TRIGGER payout_runs_immutable_delete BEFORE DELETE ON payout_runs FOR EACH ROW
EXECUTE FUNCTION driveflow_refuse('payout_runs')

CREATE TRIGGER payouts_immutable_update BEFORE UPDATE ON payouts FOR EACH ROW
WHEN (OLD.org_id IS DISTINCT FROM NEW.org_id
    OR OLD.id IS DISTINCT FROM NEW.id
    OR OLD.instructor_id IS DISTINCT FROM NEW.instructor_id
    OR OLD.booking_id IS DISTINCT FROM NEW.booking_id
    OR OLD.refund_id IS DISTINCT FROM NEW.refund_id
    OR OLD.currency IS DISTINCT FROM NEW.currency
    OR OLD.amount_cents IS DISTINCT FROM NEW.amount_cents
    OR OLD.created_at IS DISTINCT FROM NEW.created_at
    OR (OLD.payout_run_id IS NOT NULL AND OLD.payout_run_id IS DISTINCT FROM NEW.payout_run_id)
    OR (OLD.stripe_transfer_id IS NOT NULL AND OLD.stripe_transfer_id IS DISTINCT FROM NEW.stripe_transfer_id))
EXECUTE FUNCTION driveflow_refuse('payouts')

CREATE TRIGGER payouts_immutable_delete BEFORE DELETE ON payouts FOR EACH ROW
EXECUTE FUNCTION driveflow_refuse('payouts')

CREATE TRIGGER agreements_immutable_update BEFORE UPDATE ON agreements FOR EACH ROW
WHEN (OLD.org_id IS DISTINCT FROM NEW.org_id
    OR OLD.id IS DISTINCT FROM NEW.id
    OR OLD.instructor_id IS DISTINCT FROM NEW.instructor_id
    OR OLD.kind IS DISTINCT FROM NEW.kind
    OR OLD.signed_on IS DISTINCT FROM NEW.signed_on
    OR OLD.created_at IS DISTINCT FROM NEW.created_at)
EXECUTE FUNCTION driveflow_refuse('agreements')

CREATE TRIGGER agreements_immutable_delete BEFORE DELETE ON agreements FOR EACH ROW
EXECUTE FUNCTION driveflow_refuse('agreements')

CREATE TRIGGER outbox_immutable_update BEFORE UPDATE ON outbox FOR EACH ROW
WHEN (OLD.org_id IS DISTINCT FROM NEW.org_id
    OR OLD.id IS DISTINCT FROM NEW.id
    OR OLD.transaction_id IS DISTINCT FROM NEW.transaction_id
    OR OLD.device_id IS DISTINCT FROM NEW.device_id
    OR OLD.actor_user_id IS DISTINCT FROM NEW.actor_user_id
    OR OLD.table_name IS DISTINCT FROM NEW.table_name
    OR OLD.row_id IS DISTINCT FROM NEW.row_id
    OR OLD.op IS DISTINCT FROM NEW.op
    OR OLD.audience_before IS DISTINCT FROM NEW.audience_before
    OR OLD.audience_after IS DISTINCT FROM NEW.audience_after
    OR OLD.topic IS DISTINCT FROM NEW.topic
    OR OLD.occurred_at IS DISTINCT FROM NEW.occurred_at
    OR (OLD.seq IS NOT NULL AND OLD.seq IS DISTINCT FROM NEW.seq)
    OR (OLD.acked_seq IS NOT NULL AND OLD.acked_seq IS DISTINCT FROM NEW.acked_seq)
    OR (OLD.payload IS DISTINCT FROM NEW.payload AND ((current_setting('driveflow.door', true) = 'erasure') IS NOT TRUE)))
EXECUTE FUNCTION driveflow_refuse('outbox')

CREATE TRIGGER audit_log_immutable_update BEFORE UPDATE ON audit_log FOR EACH ROW
WHEN (OLD.org_id IS DISTINCT FROM NEW.org_id
    OR OLD.id IS DISTINCT FROM NEW.id
    OR OLD.actor_user_id IS DISTINCT FROM NEW.actor_user_id
    OR OLD.device_id IS DISTINCT FROM NEW.device_id
    OR OLD.action IS DISTINCT FROM NEW.action
    OR OLD.entity_type IS DISTINCT FROM NEW.entity_type
    OR OLD.entity_id IS DISTINCT FROM NEW.entity_id
    OR OLD.ip IS DISTINCT FROM NEW.ip
    OR OLD.content_hash IS DISTINCT FROM NEW.content_hash
    OR OLD.prev_hash IS DISTINCT FROM NEW.prev_hash
    OR OLD.hash IS DISTINCT FROM NEW.hash
    OR OLD.created_at IS DISTINCT FROM NEW.created_at
    OR (OLD.before IS DISTINCT FROM NEW.before AND ((current_setting('driveflow.door', true) = 'erasure') IS NOT TRUE OR NEW.before IS NOT NULL))
    OR (OLD.after IS DISTINCT FROM NEW.after AND ((current_setting('driveflow.door', true) = 'erasure') IS NOT TRUE OR NEW.after IS NOT NULL))
    OR (OLD.salt IS DISTINCT FROM NEW.salt AND ((current_setting('driveflow.door', true) = 'erasure') IS NOT TRUE OR NEW.salt IS NOT NULL)))
EXECUTE FUNCTION driveflow_refuse('audit_log')

CREATE TRIGGER audit_log_immutable_delete BEFORE DELETE ON audit_log FOR EACH ROW
EXECUTE FUNCTION driveflow_refuse('audit_log')

CREATE TRIGGER trip_points_immutable_update BEFORE UPDATE ON trip_points FOR EACH ROW
EXECUTE FUNCTION driveflow_refuse('trip_points')

CREATE TRIGGER trip_points_immutable_delete BEFORE DELETE ON trip_points FOR EACH ROW
EXECUTE FUNCTION driveflow_refuse_while_trip_stands('trip_points')

ALTER TABLE bookings ADD CONSTRAINT ex_bookings_instructor_overlap
EXCLUDE USING gist (org_id WITH =, instructor_id WITH =, tstzrange(start_at, end_at) WITH &&)
WHERE (status IN ('pending_payment', 'requested', 'confirmed', 'in_progress', 'completed')) DEFERRABLE INITIALLY IMMEDIATE

ALTER TABLE bookings ADD CONSTRAINT ex_bookings_student_overlap
EXCLUDE USING gist (org_id WITH =, student_id WITH =, tstzrange(start_at, end_at) WITH &&)
WHERE (status IN ('pending_payment', 'requested', 'confirmed', 'in_progress', 'completed')) DEFERRABLE INITIALLY IMMEDIATE

CREATE TABLE trip_points_default PARTITION OF trip_points DEFAULT

ALTER TABLE trip_points_default ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY

CREATE FUNCTION driveflow_add_trip_points_month(any_day date) RETURNS text LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
  first_day timestamp := date_trunc('month', any_day::timestamp);
  low timestamptz := first_day AT TIME ZONE 'UTC';
  high timestamptz := (first_day + interval '1 month') AT TIME ZONE 'UTC';
  partition_name text := 'trip_points_' || to_char(first_day, 'YYYY_MM');
BEGIN
  LOCK TABLE trip_points IN SHARE UPDATE EXCLUSIVE MODE;
  IF to_regclass(partition_name) IS NOT NULL THEN
    RETURN partition_name;
  END IF;
  ALTER TABLE trip_points DETACH PARTITION trip_points_default;
  ALTER TABLE trip_points_default NO FORCE ROW LEVEL SECURITY;
  EXECUTE format('CREATE TABLE %I PARTITION OF trip_points FOR VALUES FROM (%L) TO (%L)', partition_name, low, high);
  EXECUTE format('WITH moved AS (DELETE FROM trip_points_default WHERE ts >= $1 AND ts < $2 RETURNING *)
    INSERT INTO %I SELECT * FROM moved', partition_name) USING low, high;
  EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', partition_name);
  ALTER TABLE trip_points_default FORCE ROW LEVEL SECURITY;
  ALTER TABLE trip_points ATTACH PARTITION trip_points_default DEFAULT;
  RETURN partition_name;
END $$

REVOKE ALL ON FUNCTION driveflow_add_trip_points_month(date) FROM PUBLIC

GRANT EXECUTE ON FUNCTION driveflow_add_trip_points_month(date) TO driveflow_app

ALTER TABLE access_tokens ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY

CREATE POLICY tenant ON access_tokens
USING (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)
WITH CHECK (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)

ALTER TABLE agreements ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY

CREATE POLICY tenant ON agreements
USING (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)
WITH CHECK (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)

ALTER TABLE applied_transactions ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY

CREATE POLICY tenant ON applied_transactions
USING (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)
WITH CHECK (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)

ALTER TABLE audit_log ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY

CREATE POLICY tenant ON audit_log
USING (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)
WITH CHECK (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)

ALTER TABLE availability_exceptions ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY

CREATE POLICY tenant ON availability_exceptions
USING (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)
WITH CHECK (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)

ALTER TABLE bookings ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY

CREATE POLICY tenant ON bookings
USING (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)
WITH CHECK (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)

ALTER TABLE cancellation_policies ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY

CREATE POLICY tenant ON cancellation_policies
USING (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)
WITH CHECK (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)

ALTER TABLE device_orgs ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY

CREATE POLICY tenant ON device_orgs
USING (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)
WITH CHECK (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)

ALTER TABLE documents ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY

CREATE POLICY tenant ON documents
USING (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)
WITH CHECK (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)

ALTER TABLE guardians ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY

CREATE POLICY tenant ON guardians
USING (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)
WITH CHECK (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)

ALTER TABLE holidays ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY

CREATE POLICY tenant ON holidays
USING (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)
WITH CHECK (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)

ALTER TABLE instructor_availabilities ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY

CREATE POLICY tenant ON instructor_availabilities
USING (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)
WITH CHECK (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)

ALTER TABLE instructors ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY

CREATE POLICY tenant ON instructors
USING (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)
WITH CHECK (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)

ALTER TABLE invitations ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY

CREATE POLICY tenant ON invitations
USING (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)
WITH CHECK (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)

ALTER TABLE lessons ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY

CREATE POLICY tenant ON lessons
USING (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)
WITH CHECK (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)

ALTER TABLE message_templates ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY

CREATE POLICY tenant ON message_templates
USING (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)
WITH CHECK (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)

ALTER TABLE messages ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY

CREATE POLICY tenant ON messages
USING (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)
WITH CHECK (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)

ALTER TABLE orgs ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY

CREATE POLICY tenant ON orgs
USING (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)
WITH CHECK (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)

ALTER TABLE outbox ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY

CREATE POLICY tenant ON outbox
USING (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)
WITH CHECK (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)

ALTER TABLE package_uses ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY

CREATE POLICY tenant ON package_uses
USING (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)
WITH CHECK (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)

ALTER TABLE packages ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY

CREATE POLICY tenant ON packages
USING (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)
WITH CHECK (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)

ALTER TABLE payments ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY

CREATE POLICY tenant ON payments
USING (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)
WITH CHECK (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)

ALTER TABLE payout_runs ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY

CREATE POLICY tenant ON payout_runs
USING (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)
WITH CHECK (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)

ALTER TABLE payouts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY

CREATE POLICY tenant ON payouts
USING (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)
WITH CHECK (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)

ALTER TABLE rate_card_items ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY

CREATE POLICY tenant ON rate_card_items
USING (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)
WITH CHECK (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)

ALTER TABLE rate_cards ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY

CREATE POLICY tenant ON rate_cards
USING (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)
WITH CHECK (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)

ALTER TABLE refunds ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY

CREATE POLICY tenant ON refunds
USING (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)
WITH CHECK (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)

ALTER TABLE services ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY

CREATE POLICY tenant ON services
USING (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)
WITH CHECK (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)

ALTER TABLE student_guardians ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY

CREATE POLICY tenant ON student_guardians
USING (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)
WITH CHECK (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)

ALTER TABLE students ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY

CREATE POLICY tenant ON students
USING (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)
WITH CHECK (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)

ALTER TABLE sync_heads ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY

CREATE POLICY tenant ON sync_heads
USING (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)
WITH CHECK (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)

ALTER TABLE trip_points ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY

CREATE POLICY tenant ON trip_points
USING (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)
WITH CHECK (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)

ALTER TABLE trips ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY

CREATE POLICY tenant ON trips
USING (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)
WITH CHECK (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)

ALTER TABLE user_orgs ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY

CREATE POLICY tenant ON user_orgs
USING (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)
WITH CHECK (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)

ALTER TABLE vehicles ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY

CREATE POLICY tenant ON vehicles
USING (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)
WITH CHECK (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)

ALTER TABLE waitlist_entries ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY

CREATE POLICY tenant ON waitlist_entries
USING (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)
WITH CHECK (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)

ALTER TABLE webhook_deliveries ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY

CREATE POLICY tenant ON webhook_deliveries
USING (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)
WITH CHECK (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)

ALTER TABLE webhook_endpoints ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY

CREATE POLICY tenant ON webhook_endpoints
USING (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)
WITH CHECK (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)

ALTER TABLE webhook_events ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY

CREATE POLICY tenant ON webhook_events
USING (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)
WITH CHECK (org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid)

ALTER TABLE users ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY

CREATE POLICY sign_in ON users TO driveflow_auth USING (true) WITH CHECK (true)

ALTER TABLE devices ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY

CREATE POLICY sign_in ON devices TO driveflow_auth USING (true) WITH CHECK (true)

ALTER TABLE refresh_tokens ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY

CREATE POLICY sign_in ON refresh_tokens TO driveflow_auth USING (true) WITH CHECK (true)

ALTER TABLE signing_keys ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY

CREATE POLICY sign_in ON signing_keys TO driveflow_auth USING (true) WITH CHECK (true)

CREATE POLICY sign_in ON orgs FOR SELECT TO driveflow_auth USING (true)

CREATE POLICY sign_in ON user_orgs FOR SELECT TO driveflow_auth USING (true)

CREATE POLICY sign_in ON invitations FOR SELECT TO driveflow_auth USING (true)

CREATE POLICY sign_in ON access_tokens FOR SELECT TO driveflow_auth USING (true)

CREATE POLICY sign_in ON outbox FOR SELECT TO driveflow_auth USING (true)

CREATE POLICY of_this_school ON users FOR SELECT TO driveflow_app
USING (EXISTS (SELECT 1 FROM user_orgs WHERE user_orgs.user_id = users.id AND user_orgs.org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid))

CREATE POLICY of_this_school ON devices FOR SELECT TO driveflow_app
USING (EXISTS (SELECT 1 FROM device_orgs WHERE device_orgs.device_id = devices.id AND device_orgs.org_id = nullif(current_setting('driveflow.org_id', true), '')::uuid))

GRANT SELECT, INSERT, UPDATE ON access_tokens TO driveflow_app

GRANT SELECT ON access_tokens TO driveflow_auth

GRANT SELECT, INSERT, UPDATE ON agreements TO driveflow_app

GRANT SELECT, INSERT, UPDATE (result) ON applied_transactions TO driveflow_app

GRANT SELECT, INSERT, UPDATE (before, after, salt) ON audit_log TO driveflow_app

GRANT SELECT, INSERT, UPDATE, DELETE ON availability_exceptions TO driveflow_app

GRANT SELECT, INSERT, UPDATE, DELETE ON bookings TO driveflow_app

GRANT SELECT, INSERT, UPDATE, DELETE ON cancellation_policies TO driveflow_app

GRANT SELECT, INSERT, UPDATE, DELETE ON device_orgs TO driveflow_app

GRANT SELECT ON devices TO driveflow_app

GRANT SELECT, INSERT, UPDATE ON devices TO driveflow_auth

GRANT SELECT, INSERT, UPDATE, DELETE ON documents TO driveflow_app

GRANT SELECT, INSERT, UPDATE, DELETE ON guardians TO driveflow_app

GRANT SELECT, INSERT, UPDATE, DELETE ON holidays TO driveflow_app

GRANT SELECT, INSERT, UPDATE, DELETE ON instructor_availabilities TO driveflow_app

GRANT SELECT, INSERT, UPDATE, DELETE ON instructors TO driveflow_app

GRANT SELECT, INSERT, UPDATE, DELETE ON invitations TO driveflow_app

GRANT SELECT ON invitations TO driveflow_auth

GRANT SELECT, INSERT, UPDATE, DELETE ON job_runs TO driveflow_app

GRANT SELECT, INSERT, UPDATE, DELETE ON lessons TO driveflow_app

GRANT SELECT, INSERT, UPDATE, DELETE ON message_templates TO driveflow_app

GRANT SELECT, INSERT, UPDATE, DELETE ON messages TO driveflow_app

GRANT SELECT, INSERT, UPDATE ON orgs TO driveflow_app

GRANT SELECT ON orgs TO driveflow_auth

GRANT SELECT, INSERT, UPDATE, DELETE ON outbox TO driveflow_app

GRANT SELECT (org_id, seq, topic, processed_at) ON outbox TO driveflow_auth

GRANT SELECT, INSERT, UPDATE ON package_uses TO driveflow_app

GRANT SELECT, INSERT, UPDATE ON packages TO driveflow_app

GRANT SELECT, INSERT, UPDATE ON payments TO driveflow_app

GRANT SELECT, INSERT, UPDATE ON payout_runs TO driveflow_app

GRANT SELECT, INSERT, UPDATE ON payouts TO driveflow_app

GRANT SELECT, INSERT, UPDATE, DELETE ON rate_card_items TO driveflow_app

GRANT SELECT, INSERT, UPDATE, DELETE ON rate_cards TO driveflow_app

GRANT SELECT, INSERT, UPDATE, DELETE ON refresh_tokens TO driveflow_auth

GRANT SELECT, INSERT, UPDATE ON refunds TO driveflow_app

GRANT SELECT, INSERT, UPDATE, DELETE ON services TO driveflow_app

GRANT SELECT, INSERT, UPDATE ON signing_keys TO driveflow_auth

GRANT SELECT, INSERT, UPDATE, DELETE ON student_guardians TO driveflow_app

GRANT SELECT, INSERT, UPDATE, DELETE ON students TO driveflow_app

GRANT SELECT, INSERT, UPDATE ON sync_heads TO driveflow_app

GRANT SELECT, INSERT ON trip_points TO driveflow_app

GRANT SELECT, INSERT, UPDATE, DELETE ON trips TO driveflow_app

GRANT SELECT, INSERT, UPDATE, DELETE ON user_orgs TO driveflow_app

GRANT SELECT ON user_orgs TO driveflow_auth

GRANT SELECT (id, email, full_name, phone, external_id, created_at, updated_at) ON users TO driveflow_app

GRANT SELECT, INSERT, UPDATE ON users TO driveflow_auth

GRANT SELECT, INSERT, UPDATE, DELETE ON vehicles TO driveflow_app

GRANT SELECT, INSERT, UPDATE, DELETE ON waitlist_entries TO driveflow_app

GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_deliveries TO driveflow_app

GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_endpoints TO driveflow_app

GRANT SELECT, INSERT, UPDATE ON webhook_events TO driveflow_app

GRANT SELECT ON alembic_version TO driveflow_app

GRANT SELECT ON alembic_version TO driveflow_auth
