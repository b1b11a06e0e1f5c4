# SPDX-License-Identifier: BSD-2-Clause
"""Reading the output of OP-TEE's own test program, and comparing two runs of it."""

from __future__ import annotations

import re

import pytest

from ..process import VmError
from .xtest import Verdicts, differences, parse

# What a job prints for the words `1003 1009 4007_dh`, without most parts.
GOOD = """\
	libteec.so.2 => /opt/teec/libteec.so.2 (0x0000ffff9bac0000)
tee-supplicant: ffff9c0d0000-ffff9c0d6000 r-xp 00000000 00:02 3602     /opt/teec/libteec.so.2
Test ID: 1003
Test ID: 1009
Test ID: 4007_dh
Run test suite with level=0

TEE test application started over default TEE instance
######################################################
#
# regression
#
######################################################

* regression_1003 Core internal read/write mutex
    Number of parallel threads: 6 (2 writers and 4 readers)
    Mean read concurrency: 1.3125
  regression_1003 OK

* regression_1009 TEE Wait
o regression_1009.1 TEE Wait 0.1s
  regression_1009.1 OK
o regression_1009.2 TEE Wait 0.5s
o regression_1009.2.1 in two steps
  regression_1009.2.1 OK
  regression_1009.2 OK
  regression_1009 OK

* regression_4007_dh Test TEE Internal API Generate DH key
o regression_4007_dh.1 Generate DH key
  regression_4007_dh.1 OK
  regression_4007_dh OK
+-----------------------------------------------------
Result of testsuite regression filtered by "1003":
Result of testsuite regression filtered by "1009":
Result of testsuite regression filtered by "4007_dh":
regression_1003 OK
regression_1009 OK
regression_4007_dh OK
+-----------------------------------------------------
59 subtests of which 0 failed
3 test cases of which 0 failed
105 test cases were skipped
TEE test application done!
Test ID: 1003
Test ID: 1009
Test ID: 4007_dh
Run test suite with level=0

TEE test application started over default TEE instance
######################################################
#
# pkcs11
#
######################################################

* pkcs11_1003 PKCS11: Login to PKCS#11 token with PIN based authentication
o pkcs11_1003.1 C_InitToken() on uninitialized token
  pkcs11_1003.1 OK
  pkcs11_1003 OK

* pkcs11_1009 PKCS11: Check Compliance of C_Verify - HMAC Algorithms
  pkcs11_1009 OK
+-----------------------------------------------------
Result of testsuite pkcs11 filtered by "1003":
Result of testsuite pkcs11 filtered by "1009":
Result of testsuite pkcs11 filtered by "4007_dh":
pkcs11_1003 OK
pkcs11_1009 OK
+-----------------------------------------------------
40 subtests of which 0 failed
2 test cases of which 0 failed
29 test cases were skipped
TEE test application done!
"""
BAD = (
    GOOD.replace("=> /opt/teec/", "=> /lib/aarch64-linux-gnu/")
    .replace("/opt/teec/libteec.so.2", "/usr/lib/aarch64-linux-gnu/libteec.so.2.0.0")
    .replace("  regression_1009.2 OK", "  regression_1009.2 FAILED")
    .replace("  regression_1009 OK", "  regression_1009 FAILED")
    .replace(
        "\nregression_1009 OK",
        "\nregression_1009.2 FAILED first error at xtest_1000.c:9"
        "\nregression_1009 FAILED first error at xtest_1000.c:9",
    )
    .replace("59 subtests of which 0", "58 subtests of which 1")
    .replace("3 test cases of which 0", "3 test cases of which 1")
)


def test_every_case_and_every_part_has_its_verdict() -> None:
    verdicts = parse(GOOD)
    assert verdicts == Verdicts(
        library="/opt/teec/libteec.so.2",
        cases=dict.fromkeys(
            (
                "regression_1003",
                "regression_1009",
                "regression_4007_dh",
                "pkcs11_1003",
                "pkcs11_1009",
            ),
            "OK",
        ),
        parts={
            "regression_1009.1": "OK",
            "regression_1009.2.1": "OK",
            "regression_1009.2": "OK",
            "regression_4007_dh.1": "OK",
            "pkcs11_1003.1": "OK",
        },
        subtests=99,
        failed_subtests=0,
    )
    assert verdicts.passed
    assert verdicts.summary("L") == "xtest 5 of 5 cases over L, 99 subtests, 0 failed"


def test_a_failed_part_fails_its_case() -> None:
    verdicts = parse(BAD)
    assert verdicts.cases["regression_1009"] == "FAILED"
    assert verdicts.parts["regression_1009.2"] == "FAILED"
    assert not verdicts.passed
    assert verdicts.summary("L") == "xtest 4 of 5 cases over L, 98 subtests, 1 failed"


def test_a_case_that_skips_itself_has_neither_passed_nor_failed() -> None:
    reason = 'regression_1003 SKIPPED: "no such TA"'
    verdicts = parse(GOOD.replace("\nregression_1003 OK", f"\n{reason}"))
    assert verdicts.cases["regression_1003"] == "SKIPPED"
    assert verdicts.passed
    assert verdicts.summary("L").startswith("xtest 4 of 5 cases")


def test_a_run_of_nothing_has_not_passed() -> None:
    nothing = re.sub(r"^(\* |o |  )?(regression|pkcs11)_.*\n", "", GOOD, flags=re.MULTILINE)
    nothing = re.sub(r"^\d+ (subtest|test case)s of", r"0 \1 of", nothing, flags=re.MULTILINE)
    verdicts = parse(nothing)
    assert (verdicts.cases, verdicts.parts, verdicts.subtests) == ({}, {}, 0)
    assert not verdicts.passed


def test_words_that_only_one_suite_knows_are_enough() -> None:
    head, regression, pkcs11 = GOOD.split("Run test suite")
    pkcs11 = re.sub(r"^(\* |o |  )?pkcs11_.*\n", "", pkcs11, flags=re.MULTILINE)
    pkcs11 = re.sub(r"^\d+ (subtest|test case)s of", r"0 \1 of", pkcs11, flags=re.MULTILINE)
    verdicts = parse("Run test suite".join((head, regression, pkcs11)))
    assert verdicts.summary("L") == "xtest 3 of 3 cases over L, 59 subtests, 0 failed"
    assert verdicts.passed


def test_two_runs_that_agree_have_no_differences() -> None:
    assert list(differences(parse(GOOD), parse(GOOD))) == []
    elsewhere = parse(GOOD.replace("1.3125", "1.5").replace(" /opt/teec/", " /lib/"))
    assert list(differences(parse(GOOD), elsewhere)) == []


def test_differences_name_the_cases_and_the_parts() -> None:
    assert list(differences(parse(GOOD), parse(BAD))) == [
        "regression_1009: OK over this library, FAILED over Debian's libteec",
        "regression_1009.2: OK over this library, FAILED over Debian's libteec",
    ]


def test_a_case_or_a_part_that_only_one_ran_is_a_difference() -> None:
    fewer = (
        GOOD.replace("* regression_1003 ", "")
        .replace("regression_1003 OK\n", "")
        .replace("  regression_1009.1 OK\n", "")
        .replace("3 test cases", "2 test cases")
    )
    assert list(differences(parse(GOOD), parse(fewer))) == [
        "regression_1003: OK over this library, not run over Debian's libteec",
        "regression_1009.1: OK over this library, not run over Debian's libteec",
    ]
    first, *_ = differences(parse(fewer), parse(GOOD))
    assert first.startswith("regression_1003: not run over this library")


@pytest.mark.parametrize(
    ("damage", "by", "complaint"),
    [
        ("libteec.so.2 => /opt", "nothing", "loader"),
        ("     /opt/teec", "     /usr/lib", "tee-supplicant over /usr/lib/libteec.so.2"),
        ("     /opt/teec/libteec.so.2", "", "tee-supplicant over no libteec"),
        ("Test ID: 1003\n", "undefined symbol: TEEC_A (xtest)\n", r"lacks .* TEEC_A \(xtest\)"),
        ("\n* pkcs11_1009", "", "began 1 cases"),
        ("2 test cases of which 0", "2 test cases of which 1", "1 of them failed"),
        ("59 subtests of", "", "how many subtests"),
        ("3 test cases of", "", "how many test cases"),
        ("3 test cases of", "4 test cases of", "counted 4"),
        ("3 test cases of which 0", "3 test cases of which 1", "1 of them failed"),
        ("\nregression_1009 OK", "\nregr", "a verdict for 2"),
        ("* regression_1009 ", "", "began 2 cases"),
        ("59 subtests", "Test suite was ABORTED\n59 subtests", "began 3 cases"),
    ],
)
def test_output_that_does_not_add_up_is_an_error(damage: str, by: str, complaint: str) -> None:
    assert damage in GOOD
    with pytest.raises(VmError, match=complaint):
        parse(GOOD.replace(damage, by))


def test_output_that_ends_early_is_an_error() -> None:
    end = GOOD.index("2 test cases of")
    for length in range(0, end + 4, 100):
        with pytest.raises(VmError):
            parse(GOOD[:length])
