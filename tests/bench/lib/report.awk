# SPDX-License-Identifier: GPL-2.0-or-later
#
# Makes a table of lines "name TAB subject TAB value TAB unit": the median of each name and
# subject, the lowest and the highest, and Rootstock's median divided by the subject's.

BEGIN { FS = "\t" }

NF == 4 {
	key = $1 SUBSEP $2
	if (!($1 in unit)) {
		names[++name_count] = $1
		unit[$1] = $4
	}
	if (!($2 in seen)) {
		seen[$2] = 1
		subjects[++subject_count] = $2
	}
	# insert it where it belongs
	for (i = ++count[key]; i > 1 && value[key, i - 1] > $3 + 0; i--)
		value[key, i] = value[key, i - 1]
	value[key, i] = $3 + 0
}

function median(key,	n) {
	n = count[key]
	return n % 2 ? value[key, (n + 1) / 2] : (value[key, n / 2] + value[key, n / 2 + 1]) / 2
}

END {
	format = "  %-20s %-14s %12s %12s %12s  %-8s %s\n"
	printf format, "figure", "subject", "median", "lowest", "highest", "unit", "rootstock/subject"
	for (i = 1; i <= name_count; i++) {
		for (j = 1; j <= subject_count; j++) {
			key = names[i] SUBSEP subjects[j]
			if (!(key in count))
				continue
			ours = names[i] SUBSEP "rootstock"
			ratio = "-"
			if (subjects[j] != "rootstock" && ours in count && median(key) > 0)
				ratio = sprintf("%.2f", median(ours) / median(key))
			printf format, names[i], subjects[j], sprintf("%.0f", median(key)),
				sprintf("%.0f", value[key, 1]),
				sprintf("%.0f", value[key, count[key]]), unit[names[i]], ratio
		}
	}
}
