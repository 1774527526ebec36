# SPDX-License-Identifier: Apache-2.0
"""Where our searches answer otherwise than the original, on purpose."""

# Written by OR, NOT and parentheses, which are ours alone: what ours finds.
EXTENDED = {
    ("runs", "metrics.m > 2 OR params.p = 'a'"): ["r1", "r2", "r3", "r6", "r7"],
    ("runs", "(metrics.m > 2)"): ["r3", "r6"],
    ("runs", "NOT metrics.m > 2"): ["r1", "r2", "r4", "r5", "r7", "r8"],
    ("runs", "NOT (params.p = 'a' OR params.p = 'b')"): ["r3", "r4", "r5", "r8"],
    ("runs", "not end_time > 0"): ["r2", "r4", "r6", "r8"],
    ("experiments", "name = 's-one' OR name = 's-two'"): ["s-one", "s-two"],
    ("experiments", "name LIKE 's-%' AND NOT tags.team = 'x'"): ["s-three", "s-two"],
    ("models", "name = 'm1' OR name = 'm3'"): ["m1", "m3"],
    ("models", "NOT tags.team = 'x'"): ["m2", "m3"],
    ("versions", "name = 'm1' AND (version_number = 1 OR version_number = 3)"): ["m1/1", "m1/3"],
    ("logged", "params.p = '1' OR tags.t = 'b'"): ["lm1", "lm2"],
}

# What the original takes though a part of it is broken or ignored, and we refuse.
REFUSED = {
    ("runs", "AND metrics.m > 1"),
    ("runs", "metrics.m > 1 AND AND params.p = 'a'"),
    ("runs", "metrics.m > 1 params.p = 'a'"),
    ("runs", "AND"),
    ("runs", "params.p = 'a' params.q = 'b'"),
    ("runs", "metrics.m = 1e309"),
    ("runs", "params.p LIKE 'a' AND AND"),
    ("runs", "run_id IN ('$r1' '$r2')"),
    ("runs", "run_id IN (('$r1'))"),
    ("runs", "metrics. > 1"),
    ("runs", "metrics.* > 1"),
    ("logged", "params.p = 1"),
}

# Where ours is more than the original on purpose: blanks within IS NOT NULL, and the status of a
# logged model, which the original compares with a number.
MORE = {
    ("runs", "params.p is  not  null"): ["r1", "r2", "r4", "r5", "r6", "r7", "r8"],
    ("logged", "status = 'PENDING'"): ["lm1", "lm2", "lm3"],
}
