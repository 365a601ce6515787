"""What the schema page (docs/schema.md) promises, as data, written down by hand from the page and never from the code.

Columns: `name` is NOT NULL, `name?` may be null, `name=value` has that default, `=now` the time of the insert.
Keys and indexes: columns joined by commas. References: `column>table`.
"""

from typing import Final

COMMON: Final = "org_id id created_at=now updated_at=now version=0"

SYNCED: Final = {
    "orgs": "name abn? time_zone=Australia/Sydney currency=AUD country=AU region? platform_fee_bp=1500"
    " gst_registered=false address? phone? email? settings={}",
    "user_orgs": "user_id role",
    "instructors": "user_id? display_name phone? email? license_id? license_expires_on? active=true stripe_account_id?"
    " stripe_onboarding_status=not_started colour? base_lat? base_lng? travel_buffer_min=15 max_lessons_per_day?"
    " fee_bp? abn? gst_registered=false bank_bsb? bank_account?",
    "students": "full_name phone? email? dob? notes? alert? licence_number? licence_class? licence_expires_on?"
    " transmission? pickup_address? pickup_lat? pickup_lng? logbook_minutes=0 logbook_night_minutes=0 gps_consent_at?"
    " gps_consent_by? contact_opt_out={} erased_at?",
    "guardians": "full_name phone? email?",
    "student_guardians": "student_id guardian_id relation? is_payer=false",
    "services": "name description? duration_min=60 active=true kind=lesson colour?",
    "rate_cards": "name currency=AUD is_default=false valid_from? valid_to?",
    "rate_card_items": "rate_card_id service_id price_cents",
    "instructor_availabilities": "instructor_id day_of_week start_minute end_minute effective_from? effective_to?",
    "availability_exceptions": "instructor_id date is_available=false start_minute? end_minute? note?",
    "bookings": "student_id instructor_id service_id start_at end_at status=draft pickup_address? pickup_lat?"
    " pickup_lng? dropoff_address? dropoff_lat? dropoff_lng? currency=AUD price_cents platform_fee_cents"
    " instructor_share_cents notes? series_id? rate_card_id? hold_until? overrides={} vehicle_id? cancelled_by?"
    " cancelled_at? cancellation_reason? rescheduled_from? status_changed_at=now status_changed_by?",
    "cancellation_policies": "actor hours_before_start=0 refund_percent=0 fee_cents=0 is_active=true",
    "holidays": "date name region? closed=true",
    "waitlist_entries": "student_id service_id preferences={} status=waiting",
    "vehicles": "name transmission=auto plate? active=true",
    "lessons": "booking_id instructor_id student_id started_at? ended_at? rating? notes? distance_meters?"
    " duration_sec? skills?",
    "trips": "lesson_id started_at ended_at? source? speed_limit_kph?",
    "payments": "booking_id? package_id? kind=full replaces_id? status=intent_created currency=AUD amount_cents"
    " platform_fee_cents instructor_share_cents method=card rounding_cents=0 received_at? checkout_url?"
    " stripe_payment_intent_id? stripe_charge_id? stripe_refund_id?",
    "refunds": "payment_id currency=AUD amount_cents platform_fee_cents instructor_share_cents reason status=requested"
    " stripe_refund_id?",
    "payout_runs": "period_start period_end status=draft approved_by? approved_at?",
    "payouts": "instructor_id booking_id? payout_run_id? refund_id? currency=AUD amount_cents status=draft"
    " stripe_transfer_id?",
    "packages": "student_id minutes_bought price_cents expires_on?",
    "package_uses": "package_id booking_id minutes",
    "agreements": "instructor_id kind=rcti signed_on ended_on?",
    "messages": "to_address channel template_key subject? body? provider_id? status=queued error? related_type?"
    " related_id? send_after?",
    "message_templates": "key channel language=en subject? body",
    "documents": "related_type related_id name media_type sha256 size_bytes=0",
}
"""Tables whose rows travel: these columns and the common ones."""

LOG: Final = {
    "users": "id email full_name phone? external_id? password_hash? created_at=now updated_at=now",
    "trip_points": "org_id trip_id ts n=0 lat lng speed_kph?",
    "outbox": "org_id id seq? acked_seq? transaction_id device_id? actor_user_id? table_name row_id op"
    " audience_before? audience_after? topic payload={} attempts=0 last_error? processed_at? occurred_at=now",
    "audit_log": "org_id id actor_user_id? device_id? action entity_type entity_id before? after? ip? salt?"
    " content_hash prev_hash? hash? created_at=now",
}
"""The other tables that stand on both databases."""

SERVICE: Final = {
    "webhook_events": "org_id id provider event_type event_id payload={} processed_at? received_at=now",
    "sync_heads": "org_id head_seq=0 min_seq=0 epoch audit_hash?",
    "applied_transactions": "org_id id device_id body_hash result={} created_at=now",
    "devices": "id user_id name platform created_at=now revoked_at?",
    "device_orgs": "org_id device_id acked_seq=0 last_seen_at?",
    "refresh_tokens": "token_hash device_id family_id rotation_id? expires_at used_at? revoked_at?",
    "signing_keys": "kid private_key created_at=now retired_at?",
    "invitations": "org_id id code_hash email role instructor_id? invited_by? expires_at accepted_at?",
    "access_tokens": "org_id id token_hash scope={} created_at=now revoked_at?",
    "webhook_endpoints": "org_id id url topics? secret created_at=now disabled_at?",
    "webhook_deliveries": "org_id id endpoint_id outbox_id attempts=0 status_code? last_error? next_attempt_at?"
    " delivered_at?",
    "job_runs": "id job started_at ended_at? outcome?",
}
REPLICA: Final = {
    "base_rows": "org_id table_name id row?",
    "replica_state": "key value",
    "conflicts": "org_id transaction_id code detail? mine={} theirs={} created_at resolved_at? resolution?",
    "point_uploads": "org_id trip_id next_index=0 total=0 last_error?",
}

KEYS: Final = {
    "trip_points": "org_id,trip_id,ts,n",
    "users": "id",
    "devices": "id",
    "job_runs": "id",
    "refresh_tokens": "token_hash",
    "signing_keys": "kid",
    "sync_heads": "org_id",
    "device_orgs": "org_id,device_id",
    "replica_state": "key",
    "base_rows": "org_id,table_name,id",
    "conflicts": "org_id,transaction_id",
    "point_uploads": "org_id,trip_id",
}
"""Primary keys that are not `(org_id, id)`."""

UNIQUE: Final = {
    "orgs": "org_id",
    "users": "email external_id",
    "user_orgs": "user_id,org_id,role",
    "instructors": "org_id,stripe_account_id",
    "student_guardians": "org_id,student_id,guardian_id",
    "services": "org_id,name",
    "rate_cards": "org_id,name",
    "rate_card_items": "org_id,rate_card_id,service_id",
    "availability_exceptions": "org_id,instructor_id,date,coalesce(start_minute,-1)",
    "cancellation_policies": "org_id,actor,hours_before_start",
    "lessons": "org_id,booking_id",
    "payments": "org_id,stripe_payment_intent_id org_id,booking_id,kind|status<>failed",
    "refunds": "org_id,stripe_refund_id",
    "payouts": "org_id,stripe_transfer_id",
    "package_uses": "org_id,booking_id",
    "message_templates": "org_id,key,channel,language",
    "outbox": "org_id,seq",
    "webhook_events": "org_id,provider,event_id",
    "invitations": "code_hash",
    "access_tokens": "token_hash",
}
"""Every unique key besides the primary ones; `|` begins the condition of a partial one."""

INDEXES: Final = {
    "orgs": "name",
    "user_orgs": "org_id,role",
    "instructors": "org_id,active",
    "students": "org_id,full_name",
    "services": "org_id,active",
    "rate_cards": "org_id,is_default",
    "instructor_availabilities": "org_id,instructor_id,day_of_week",
    "bookings": "org_id,start_at org_id,instructor_id,start_at org_id,student_id,start_at org_id,status",
    "trips": "org_id,lesson_id",
    "payments": "org_id,status",
    "payouts": "org_id,instructor_id org_id,status",
    "messages": "org_id,channel,status org_id,related_type,related_id",
    "outbox": "org_id,seq topic,processed_at",
    "audit_log": "org_id,entity_type,entity_id org_id,actor_user_id",
}
"""Indexes that must be there; there may be more."""

REFERENCES: Final = {
    "user_orgs": "user_id>users",
    "instructors": "user_id>users",
    "student_guardians": "student_id>students guardian_id>guardians",
    "rate_card_items": "rate_card_id>rate_cards service_id>services",
    "instructor_availabilities": "instructor_id>instructors",
    "availability_exceptions": "instructor_id>instructors",
    "bookings": "student_id>students instructor_id>instructors service_id>services rate_card_id>rate_cards"
    " vehicle_id>vehicles",
    "waitlist_entries": "student_id>students service_id>services",
    "lessons": "booking_id>bookings instructor_id>instructors student_id>students",
    "trips": "lesson_id>lessons",
    "trip_points": "trip_id>trips",
    "packages": "student_id>students",
    "package_uses": "package_id>packages booking_id>bookings",
    "payments": "booking_id>bookings package_id>packages replaces_id>payments",
    "refunds": "payment_id>payments",
    "payouts": "instructor_id>instructors booking_id>bookings payout_run_id>payout_runs refund_id>refunds",
    "agreements": "instructor_id>instructors",
    "devices": "user_id>users",
    "device_orgs": "device_id>devices",
    "refresh_tokens": "device_id>devices",
    "invitations": "instructor_id>instructors",
    "webhook_deliveries": "endpoint_id>webhook_endpoints",
}
"""Foreign keys besides that of a travelling row to its school."""

CASCADES: Final = {
    "rate_card_items.rate_card_id",
    "instructor_availabilities.instructor_id",
    "availability_exceptions.instructor_id",
    "student_guardians.student_id",
    "student_guardians.guardian_id",
    "message_templates.org_id",
    "trip_points.trip_id",
}
"""Owned children, which go with their parent; everything else is RESTRICT."""

ENUMS: Final = {
    "user_orgs.role": "owner admin instructor student",
    "instructors.stripe_onboarding_status": "not_started pending ready restricted",
    "students.licence_class": "learner provisional_1 provisional_2 full overseas",
    "students.transmission": "auto manual",
    "vehicles.transmission": "auto manual",
    "services.kind": "lesson test_prep driving_test highway night theory package_lesson",
    "bookings.status": "draft pending_payment requested confirmed in_progress completed cancelled no_show",
    "bookings.cancelled_by": "student guardian instructor admin",
    "cancellation_policies.actor": "student guardian instructor admin",
    "waitlist_entries.status": "waiting offered booked closed",
    "trips.source": "live import owntracks osmand",
    "payments.kind": "full deposit balance fee",
    "payments.status": "intent_created succeeded failed refunded",
    "payments.method": "card cash bank_transfer eftpos package",
    "refunds.status": "requested succeeded failed",
    "payout_runs.status": "draft approved sent paid failed cancelled",
    "payouts.status": "draft approved sent paid failed cancelled",
    "agreements.kind": "rcti",
    "messages.channel": "email sms whatsapp",
    "messages.status": "queued sent delivered failed",
    "message_templates.channel": "email sms whatsapp",
    "outbox.op": "insert update delete event",
}

TYPES: Final = (
    (r".*\.(stripe_\w+|external_id|provider_id|event_id|license_id|gps_consent_by)", "character varying", "VARCHAR"),
    (r"bookings\.cancelled_by", "character varying(32)", "VARCHAR(32)"),
    (r".*\.(id|epoch|\w+_id|invited_by|approved_by|status_changed_by|rescheduled_from)", "uuid", "BLOB"),
    (r".*\.(ts|\w+_at|hold_until|send_after)", "timestamp with time zone", "INTEGER"),
    (r".*\.(lat|lng|\w+_lat|\w+_lng)", "numeric(9,6)", "INTEGER"),
    (r"trip_points\.speed_kph", "numeric(6,2)", "INTEGER"),
    (r".*\.(version|seq|\w+_seq|(price|amount|\w+_fee|\w+_share)_cents)", "bigint", "BIGINT"),
    (r".*\.(date|dob|\w+_on|valid_\w+|effective_\w+|period_\w+)", "date", "DATE"),
    (r".*\.(settings|contact_opt_out|overrides|preferences|skills|payload|before|after|mine|theirs)", "jsonb", "TEXT"),
    (r".*\.(audience_\w+|result|topics)|access_tokens.scope|base_rows.row", "jsonb", "TEXT"),
    (r".*\.(status|kind|actor|channel|op)|user_orgs.role", "character varying(32)", "VARCHAR(32)"),
)
"""Types by name: a pattern for `table.column`, and how the type begins on PostgreSQL and on SQLite."""
