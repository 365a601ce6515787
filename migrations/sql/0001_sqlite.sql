-- Guards of revision 0001, frozen. Statements are separated by empty lines and hold none themselves.

CREATE TRIGGER packages_immutable_update BEFORE UPDATE ON packages FOR EACH ROW
WHEN driveflow_door() < 2 AND (OLD.org_id IS NOT NEW.org_id
    OR OLD.id IS NOT NEW.id
    OR OLD.student_id IS NOT NEW.student_id
    OR OLD.minutes_bought IS NOT NEW.minutes_bought
    OR OLD.price_cents IS NOT NEW.price_cents
    OR OLD.created_at IS NOT NEW.created_at)
BEGIN SELECT RAISE(ABORT, 'immutable: packages'); END

CREATE TRIGGER packages_immutable_delete BEFORE DELETE ON packages FOR EACH ROW
WHEN driveflow_door() < 2
BEGIN SELECT RAISE(ABORT, 'immutable: packages'); END

CREATE TRIGGER package_uses_immutable_update BEFORE UPDATE ON package_uses FOR EACH ROW
WHEN driveflow_door() < 2 AND (OLD.org_id IS NOT NEW.org_id
    OR OLD.id IS NOT NEW.id
    OR OLD.package_id IS NOT NEW.package_id
    OR OLD.booking_id IS NOT NEW.booking_id
    OR OLD.minutes IS NOT NEW.minutes
    OR OLD.created_at IS NOT NEW.created_at)
BEGIN SELECT RAISE(ABORT, 'immutable: package_uses'); END

CREATE TRIGGER package_uses_immutable_delete BEFORE DELETE ON package_uses FOR EACH ROW
WHEN driveflow_door() < 2
BEGIN SELECT RAISE(ABORT, 'immutable: package_uses'); END

CREATE TRIGGER payments_immutable_update BEFORE UPDATE ON payments FOR EACH ROW
WHEN driveflow_door() < 2 AND (OLD.org_id IS NOT NEW.org_id
    OR OLD.id IS NOT NEW.id
    OR OLD.booking_id IS NOT NEW.booking_id
    OR OLD.package_id IS NOT NEW.package_id
    OR OLD.kind IS NOT NEW.kind
    OR OLD.replaces_id IS NOT NEW.replaces_id
    OR OLD.currency IS NOT NEW.currency
    OR OLD.amount_cents IS NOT NEW.amount_cents
    OR OLD.platform_fee_cents IS NOT NEW.platform_fee_cents
    OR OLD.instructor_share_cents IS NOT NEW.instructor_share_cents
    OR OLD.method IS NOT NEW.method
    OR OLD.rounding_cents IS NOT NEW.rounding_cents
    OR OLD.created_at IS NOT NEW.created_at
    OR (OLD.received_at IS NOT NULL AND OLD.received_at IS NOT NEW.received_at)
    OR (OLD.checkout_url IS NOT NULL AND OLD.checkout_url IS NOT NEW.checkout_url)
    OR (OLD.stripe_payment_intent_id IS NOT NULL AND OLD.stripe_payment_intent_id IS NOT NEW.stripe_payment_intent_id)
    OR (OLD.stripe_charge_id IS NOT NULL AND OLD.stripe_charge_id IS NOT NEW.stripe_charge_id)
    OR (OLD.stripe_refund_id IS NOT NULL AND OLD.stripe_refund_id IS NOT NEW.stripe_refund_id))
BEGIN SELECT RAISE(ABORT, 'immutable: payments'); END

CREATE TRIGGER payments_immutable_delete BEFORE DELETE ON payments FOR EACH ROW
WHEN driveflow_door() < 2
BEGIN SELECT RAISE(ABORT, 'immutable: payments'); END

CREATE TRIGGER refunds_immutable_update BEFORE UPDATE ON refunds FOR EACH ROW
WHEN driveflow_door() < 2 AND (OLD.org_id IS NOT NEW.org_id
    OR OLD.id IS NOT NEW.id
    OR OLD.payment_id IS NOT NEW.payment_id
    OR OLD.currency IS NOT NEW.currency
    OR OLD.amount_cents IS NOT NEW.amount_cents
    OR OLD.platform_fee_cents IS NOT NEW.platform_fee_cents
    OR OLD.instructor_share_cents IS NOT NEW.instructor_share_cents
    OR OLD.created_at IS NOT NEW.created_at
    OR (OLD.stripe_refund_id IS NOT NULL AND OLD.stripe_refund_id IS NOT NEW.stripe_refund_id)
    OR OLD.reason IS NOT NEW.reason)
BEGIN SELECT RAISE(ABORT, 'immutable: refunds'); END

CREATE TRIGGER refunds_immutable_delete BEFORE DELETE ON refunds FOR EACH ROW
WHEN driveflow_door() < 2
BEGIN SELECT RAISE(ABORT, 'immutable: refunds'); END

CREATE TRIGGER payout_runs_immutable_update BEFORE UPDATE ON payout_runs FOR EACH ROW
WHEN driveflow_door() < 2 AND (OLD.org_id IS NOT NEW.org_id
    OR OLD.id IS NOT NEW.id
    OR OLD.created_at IS NOT NEW.created_at
    OR (OLD.approved_by IS NOT NULL AND OLD.approved_by IS NOT NEW.approved_by)
    OR (OLD.approved_at IS NOT NULL AND OLD.approved_at IS NOT NEW.approved_at)
    OR (OLD.status <> 'draft' AND (OLD.period_start IS NOT NEW.period_start OR OLD.period_end IS NOT NEW.period_end)))
BEGIN SELECT RAISE(ABORT, 'immutable: payout_runs'); END

CREATE TRIGGER payout_runs_immutable_delete BEFORE DELETE ON payout_runs FOR EACH ROW
WHEN driveflow_door() < 2
BEGIN SELECT RAISE(ABORT, 'immutable: payout_runs'); END

CREATE TRIGGER payouts_immutable_update BEFORE UPDATE ON payouts FOR EACH ROW
WHEN driveflow_door() < 2 AND (OLD.org_id IS NOT NEW.org_id
    OR OLD.id IS NOT NEW.id
    OR OLD.instructor_id IS NOT NEW.instructor_id
    OR OLD.booking_id IS NOT NEW.booking_id
    OR OLD.refund_id IS NOT NEW.refund_id
    OR OLD.currency IS NOT NEW.currency
    OR OLD.amount_cents IS NOT NEW.amount_cents
    OR OLD.created_at IS NOT NEW.created_at
    OR (OLD.payout_run_id IS NOT NULL AND OLD.payout_run_id IS NOT NEW.payout_run_id)
    OR (OLD.stripe_transfer_id IS NOT NULL AND OLD.stripe_transfer_id IS NOT NEW.stripe_transfer_id))
BEGIN SELECT RAISE(ABORT, 'immutable: payouts'); END

CREATE TRIGGER payouts_immutable_delete BEFORE DELETE ON payouts FOR EACH ROW
WHEN driveflow_door() < 2
BEGIN SELECT RAISE(ABORT, 'immutable: payouts'); END

CREATE TRIGGER agreements_immutable_update BEFORE UPDATE ON agreements FOR EACH ROW
WHEN driveflow_door() < 2 AND (OLD.org_id IS NOT NEW.org_id
    OR OLD.id IS NOT NEW.id
    OR OLD.instructor_id IS NOT NEW.instructor_id
    OR OLD.kind IS NOT NEW.kind
    OR OLD.signed_on IS NOT NEW.signed_on
    OR OLD.created_at IS NOT NEW.created_at)
BEGIN SELECT RAISE(ABORT, 'immutable: agreements'); END

CREATE TRIGGER agreements_immutable_delete BEFORE DELETE ON agreements FOR EACH ROW
WHEN driveflow_door() < 2
BEGIN SELECT RAISE(ABORT, 'immutable: agreements'); END

CREATE TRIGGER outbox_immutable_update BEFORE UPDATE ON outbox FOR EACH ROW
WHEN driveflow_door() < 2 AND (OLD.org_id IS NOT NEW.org_id
    OR OLD.id IS NOT NEW.id
    OR OLD.transaction_id IS NOT NEW.transaction_id
    OR OLD.device_id IS NOT NEW.device_id
    OR OLD.actor_user_id IS NOT NEW.actor_user_id
    OR OLD.table_name IS NOT NEW.table_name
    OR OLD.row_id IS NOT NEW.row_id
    OR OLD.op IS NOT NEW.op
    OR OLD.audience_before IS NOT NEW.audience_before
    OR OLD.audience_after IS NOT NEW.audience_after
    OR OLD.topic IS NOT NEW.topic
    OR OLD.occurred_at IS NOT NEW.occurred_at
    OR (OLD.seq IS NOT NULL AND OLD.seq IS NOT NEW.seq)
    OR (OLD.acked_seq IS NOT NULL AND OLD.acked_seq IS NOT NEW.acked_seq)
    OR OLD.payload IS NOT NEW.payload)
BEGIN SELECT RAISE(ABORT, 'immutable: outbox'); END

CREATE TRIGGER audit_log_immutable_update BEFORE UPDATE ON audit_log FOR EACH ROW
WHEN driveflow_door() < 2 AND (OLD.org_id IS NOT NEW.org_id
    OR OLD.id IS NOT NEW.id
    OR OLD.actor_user_id IS NOT NEW.actor_user_id
    OR OLD.device_id IS NOT NEW.device_id
    OR OLD.action IS NOT NEW.action
    OR OLD.entity_type IS NOT NEW.entity_type
    OR OLD.entity_id IS NOT NEW.entity_id
    OR OLD.ip IS NOT NEW.ip
    OR OLD.content_hash IS NOT NEW.content_hash
    OR OLD.prev_hash IS NOT NEW.prev_hash
    OR OLD.hash IS NOT NEW.hash
    OR OLD.created_at IS NOT NEW.created_at
    OR OLD.before IS NOT NEW.before
    OR OLD.after IS NOT NEW.after
    OR OLD.salt IS NOT NEW.salt)
BEGIN SELECT RAISE(ABORT, 'immutable: audit_log'); END

CREATE TRIGGER audit_log_immutable_delete BEFORE DELETE ON audit_log FOR EACH ROW
WHEN driveflow_door() < 2
BEGIN SELECT RAISE(ABORT, 'immutable: audit_log'); END

CREATE TRIGGER trip_points_immutable_update BEFORE UPDATE ON trip_points FOR EACH ROW
WHEN driveflow_door() < 2
BEGIN SELECT RAISE(ABORT, 'immutable: trip_points'); END

CREATE TRIGGER trip_points_immutable_delete BEFORE DELETE ON trip_points FOR EACH ROW
WHEN driveflow_door() < 2 AND EXISTS (SELECT 1 FROM trips WHERE org_id = OLD.org_id AND id = OLD.trip_id)
BEGIN SELECT RAISE(ABORT, 'immutable: trip_points'); END
