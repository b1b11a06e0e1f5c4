# SPDX-License-Identifier: BSD-2-Clause
"""The macros of the C header, which only a C compiler can show."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

CSRC = Path(__file__).parents[3] / "csrc"

PROGRAM = r"""
#include <stdlib.h>
#include "tee_client_api.h"

static const uint32_t types[] = {
    TEEC_NONE, TEEC_VALUE_INPUT, TEEC_VALUE_OUTPUT, TEEC_VALUE_INOUT,
    TEEC_MEMREF_TEMP_INPUT, TEEC_MEMREF_TEMP_OUTPUT, TEEC_MEMREF_TEMP_INOUT,
    TEEC_MEMREF_WHOLE, TEEC_MEMREF_PARTIAL_INPUT, TEEC_MEMREF_PARTIAL_OUTPUT,
    TEEC_MEMREF_PARTIAL_INOUT,
};
#define COUNT (sizeof(types) / sizeof(types[0]))

_Static_assert(COUNT == 11, "the types that are not reserved");
_Static_assert(TEEC_CONFIG_PAYLOAD_REF_COUNT == 4, "PT-09");
_Static_assert(sizeof(((TEEC_Operation *)0)->params) ==
               4 * sizeof(TEEC_Parameter), "PT-09");
_Static_assert(TEEC_PARAM_TYPES(1, 2, 3, 5) == 0x5321, "PT-01");
_Static_assert(TEEC_PARAM_TYPES(0, 0, 0, 0) == 0, "PT-02");
_Static_assert(TEEC_PARAM_TYPE_GET(0x7654, 1 + 1) == 6, "PT-03");
_Static_assert(TEEC_PARAM_TYPE_GET(0x7000 | 0x0654, 3) == 7, "PT-03");
_Static_assert(TEEC_PARAM_TYPES(1 | 2, 1 + 1, 5, 6) == 0x6523, "PT-03");
_Static_assert(TEEC_CONFIG_SHAREDMEM_MAX_SIZE >= 512 * 1024, "RS-07");

int main(void)
{
    size_t i, n, left;
    uint32_t chosen[4], all;

    for (n = 0; n < COUNT * COUNT * COUNT * COUNT; n++) {
        for (left = n, i = 0; i < 4; i++, left /= COUNT)
            chosen[i] = types[left % COUNT];
        all = TEEC_PARAM_TYPES(chosen[0], chosen[1], chosen[2], chosen[3]);
        for (i = 0; i < 4; i++)
            if (TEEC_PARAM_TYPE_GET(all, i) != chosen[i])
                return EXIT_FAILURE;
        if (all >> 16)
            return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
"""


@pytest.mark.assertion("PT-01", "PT-02", "PT-03", "PT-05", "PT-09", "RS-07")
@pytest.mark.parametrize(
    "language", [["-x", "c", "-std=c11"], ["-x", "c++", "-D_Static_assert=static_assert"]]
)
def test_every_combination_of_types_can_be_read_back(tmp_path: Path, language: list[str]) -> None:
    program = tmp_path / "program"
    warnings = ["-Wall", "-Wextra", "-Werror"]
    subprocess.run(
        ["cc", *language, *warnings, f"-I{CSRC}", "-o", program, "-"],
        input=PROGRAM,
        text=True,
        check=True,
        timeout=60,
    )
    subprocess.run([program], check=True, timeout=60)
