# SPDX-License-Identifier: GPL-2.0-or-later
#
# Reads what one TAP program wrote; prints "PASSED FAILED SKIPPED", and then the
# reason, if there is one, for a failure that no test of its own reports.
#
#   -v status=N   how the program ended
#   -v tap=1      it has to print TAP; otherwise it may as well print none

{
	sub(/\r$/, "")
}

/^1\.\.[0-9]+/ {
	plans++
	plan = substr($1, 4) + 0
	skip_all = plan == 0 && toupper($0) ~ /# *SKIP/
}

/^ok([ \t]|$)/ {
	if (toupper($0) ~ /# *SKIP/)
		skipped++
	else
		passed++
}

/^not ok([ \t]|$)/ {
	failed++
}

/^Bail out!/ {
	reason = $0
}

END {
	count = passed + failed + skipped
	if (status == 124 || status == 137)
		reason = "ran out of time"
	else if (reason == "" && (tap || plans || count)) {
		if (plans != 1)
			reason = plans + 0 " plans"
		else if (plan != count)
			reason = "planned " plan " tests, ran " count + 0
		else if (plan == 0 && !skip_all)
			reason = "no tests"
	}
	if (reason == "" && status != 0 && !failed)
		reason = "ended with status " status
	if (reason != "")
		failed++
	if (skip_all)
		skipped++
	print passed + 0, failed + 0, skipped + 0, reason
}
