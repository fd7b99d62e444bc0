-- What was done in a request, by the identifier that stands on its answer. Events of requests at the gateway are left out: they are
-- found by the access log.
CREATE INDEX audit_log_acts_by_request ON audit_log (request) WHERE deed > 0 AND length(request) = 16;
