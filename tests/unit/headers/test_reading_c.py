# SPDX-License-Identifier: BSD-2-Clause
"""What of C a header may have in it."""

from __future__ import annotations

import random
from typing import Any
from uuid import UUID

import pytest

from pytee_client._headers.preprocessor import HeaderError
from pytee_client._headers.skeleton import skeleton

from .generated import DATA, declared_in, generated, layout, numbers_of

UUID_MACRO = "#define A_UUID { 1, 2, 3, { 1, 2, 3, 4, 5, 6, 7, 8 } }\n"


def constant(text: str) -> Any:
    """Return what a macro X is."""
    return getattr(generated(UUID_MACRO + text), "X", None)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ("0x10", 16),
        ("017", 15),
        ("0b101", 5),
        ("10UL", 10),
        ("(3)", 3),
        ("'A'", 65),
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("7 - 2 - 1", 4),
        ("-7 / 2", -3),
        ("-7 % 2", -1),
        ("1 << 4 | 1", 17),
        ("~0x0FU", 0xFFFFFFF0),
        ("(uint32_t)-1", 0xFFFFFFFF),
        ("((uint8_t) 0x1ff)", 0xFF),
        ("(unsigned int)5", 5),
        ("1 ? 2 : 3", 2),
        ("5 > 3 && 2 != 2", 0),
        ("!0", 1),
        ("BIT(3)", 8),
        ("UINT32_C(7)", 7),
        ("\\\n  9", 9),
        ("1 /* one */ + /* two\n lines */ 1", 2),
        ("6 // six", 6),
        ('"te" "xt"', "text"),
    ],
)
def test_an_expression_is_what_c_makes_of_it(body: str, value: object) -> None:
    assert constant(f"#define X {body}\n") == value


@pytest.mark.parametrize(
    "body",
    [
        "",
        "sizeof(int)",
        "UNKNOWN",
        "1 / 0",
        "1 << 99",
        "do { } while (0)",
        "1.5",
        "089",
        "X",
        "f(1)",
    ],
)
def test_what_is_no_constant_is_left_out(body: str) -> None:
    assert constant(f"#define X {body}\n") is None


def test_macros_stand_for_others_with_and_without_parameters() -> None:
    assert constant("#define SUM 1 + 2\n#define X SUM * 2\n") == 5
    assert constant("#define TWICE(n) ((n) * 2)\n#define X TWICE(1 + TWICE(2))\n") == 10
    assert constant("#define X (4)\n") == 4
    assert constant("#define A 1\n#define X A\n#undef A\n#define A 2\n") == 2


def test_conditions_hold_as_in_a_compiler_that_defines_nothing() -> None:
    assert constant("#ifdef __cplusplus\n#define X 1\n#else\n#define X 2\n#endif\n") == 2
    assert (
        constant("#if 0\n#define X 1\n#elif !defined(Y) && UNKNOWN < 1\n#define X 2\n#endif") == 2
    )
    assert (
        constant("#define Y 3\n#if defined Y && Y >= 3\n#define X 1\n#else\n#define X 2\n#endif\n")
        == 1
    )
    assert constant("#if 0\n#if 1\n#define X 1\n#endif\n#endif\n") is None
    assert constant("#if 1 +\n#define X 1\n#endif\n") is None


def test_a_macro_that_grows_without_end_is_an_error() -> None:
    lines = [f"#define M{n} M{n + 1} M{n + 1}" for n in range(40)]
    with pytest.raises(HeaderError, match="grows without end"):
        skeleton(UUID_MACRO + "\n".join(lines) + "\n#define X M0\n", "a.h")


@pytest.mark.parametrize(
    "text",
    [
        "#define A_UUID {0x12345678,0x1234,0x5678,{0x9a,0xbc,0xde,0xf0,1,2,3,4}}",
        "#define A_UUID { 0x12345678, 0x1234, 0x5678, 0x9a, 0xbc, 0xde, 0xf0, 1, 2, 3, 4 }",
        "#define A_UUID ((TEEC_UUID){ 0x12345678, 0x1234, 0x5678, \\\n"
        " { 0x9a, 0xbc, 0xde, 0xf0, \\\n 1, 2, 3, 4 } })",
        '#define A_UUID "12345678-1234-5678-9abc-def001020304"',
        "#define A_UUID UUID_INIT(0x12345678, 0x1234, 0x5678, 0x9a, 0xbc, 0xde, 0xf0, 1, 2, 3, 4)",
        "#define LOW 0x12345678\n"
        "#define A_UUID { LOW, 0x1234, 0x5678, { 0x9a, 0xbc, 0xde, 0xf0, 1, 2, 3, 4 } }",
        "static const TEEC_UUID a_uuid = {\n 0x12345678, 0x1234, 0x5678,\n"
        " { 0x9a, 0xbc, 0xde, 0xf0, 1, 2, 3, 4 }\n};",
        "const TEE_UUID a_uuid = { .timeLow = 0x12345678, .timeMid = 0x1234,\n"
        " .timeHiAndVersion = 0x5678, .clockSeqAndNode = { 0x9a, 0xbc, 0xde, 0xf0, 1, 2, 3, 4 } };",
        "#define A_UUID { 0x12345678, 0x1234, 0x5678, { 0x9a, 0xbc, 0xde, 0xf0, 1, 2, 3, 4 } }\n"
        "static const TEEC_UUID uuid = A_UUID;",
    ],
)
def test_a_uuid_is_found_in_all_its_forms(text: str) -> None:
    (declaration,) = declared_in(generated(text + "\n")).values()
    assert declaration.uuid == UUID("12345678-1234-5678-9abc-def001020304")
    assert declaration.name == "A"


def test_octets_that_are_left_out_are_zero() -> None:
    text = "#define A_UUID { 0x3E93632E, 0xA710, 0x469E, { 'C', 'O', 'U', 'N', 'T', 'E', 'R' } }\n"
    (declaration,) = declared_in(generated(text)).values()
    assert declaration.uuid == UUID("3e93632e-a710-469e-434f-554e54455200")


def test_an_application_without_a_name_has_that_of_its_file() -> None:
    text = UUID_MACRO.replace("A_UUID", "TA_UUID")
    assert list(declared_in(generated(text, "key_store_ta.h"))) == ["KeyStore"]


def test_each_of_several_applications_has_its_own_commands() -> None:
    text = UUID_MACRO + (
        "#define AB_UUID { 2, 2, 3, { 1, 2, 3, 4, 5, 6, 7, 8 } }\n"
        "#define A_CMD_X 1\n#define AB_CMD_X 1\n#define AB_CMD_Y 2\n#define AB_ERROR_Z 5\n"
    )
    found = declared_in(generated(text))
    assert {name: numbers_of(one) for name, one in found.items()} == {
        "A": {"x": 1},
        "Ab": {"x": 1, "y": 2},
    }
    assert found["A"].results is None
    assert found["Ab"].results is not None


def test_an_enumeration_of_commands_needs_no_cmd_in_its_members() -> None:
    text = UUID_MACRO + "typedef enum { A_OPEN, A_CLOSE = 4, A_COUNT } A_COMMANDID;\n"
    (declaration,) = declared_in(generated(text)).values()
    assert numbers_of(declaration) == {"open": 0, "close_": 4}


def test_what_ends_an_enumeration_of_commands_is_a_constant() -> None:
    text = f"{UUID_MACRO}enum a_cmd {{ A_CMD_B = 7, A_CMD_C, A_CMD_LAST,\n"
    text += "A_CMD_MAX = A_CMD_LAST - 1 };\n"
    module: Any = generated(text)
    assert numbers_of(declared_in(module)["A"]) == {"b": 7, "c": 8}
    assert (module.A_CMD_LAST, module.A_CMD_MAX) == (9, 8)
    text = f"{UUID_MACRO}#define A_CMD_COUNT 0\n#define A_CMD_B 1\n"
    assert numbers_of(declared_in(generated(text))["A"]) == {"count": 0, "b": 1}


def test_variables_that_never_change_are_as_good_as_macros() -> None:
    text = f"{UUID_MACRO}static const uint32_t A_CMD_B = 1 << 2;\nconstexpr int A_SIZE = 9;\n"
    module: Any = generated(text + "extern int A_CMD_D;\n")
    assert numbers_of(declared_in(module)["A"]) == {"b": 4}
    assert module.A_SIZE == 9


def test_members_of_an_enumeration_without_a_name_are_constants() -> None:
    text = f"{UUID_MACRO}#define A_CMD_D 1\nenum {{ A_SLOT_B = 3, A_SLOT_C }};\n"
    module: Any = generated(text)
    assert (module.A_SLOT_B, module.A_SLOT_C) == (3, 4)


def test_names_that_python_or_a_client_has_get_an_underscore() -> None:
    names = ("IMPORT", "CLOSE", "SESSION", "3DES")
    text = UUID_MACRO + "".join(f"#define A_CMD_{name} {n}\n" for n, name in enumerate(names))
    (declaration,) = declared_in(generated(text)).values()
    assert numbers_of(declaration) == {"import_": 0, "close_": 1, "session_": 2, "_3des": 3}


def test_two_names_of_one_number_are_one_command() -> None:
    text = UUID_MACRO + "#define A_CMD_NEW 1\n#define A_CMD_OLD A_CMD_NEW\n#define A_CMD_B 2\n"
    assert "    # A_CMD_OLD is A_CMD_NEW too.\n" in skeleton(text, "a.h")
    (declaration,) = declared_in(generated(text)).values()
    assert numbers_of(declaration) == {"new": 1, "b": 2}


PACKED = [
    "struct __attribute__((packed)) s { uint8_t a; uint32_t b; };",
    "struct s { uint8_t a; uint32_t b; } __attribute__((__packed__));",
    "struct s { uint8_t a; uint32_t b; } __packed;",
    "typedef struct __packed { uint8_t a; uint32_t b; } s;",
    "#define PK __attribute__((packed))\nstruct s { uint8_t a; uint32_t b; } PK;",
    "#pragma pack(push, 1)\nstruct s { uint8_t a; uint32_t b; };\n#pragma pack(pop)",
    "#pragma pack(1)\nstruct s { uint8_t a; uint32_t b; };\n#pragma pack()",
]
ALIGNED = [
    "struct s { uint8_t a; uint32_t b; };",
    "typedef struct { uint8_t a; unsigned b; } s_t;",
    "struct s { u8 a; __u32 b __attribute__((aligned(4))); };",
    "#pragma pack(1)\nstruct o { uint8_t a; };\n#pragma pack()\nstruct s { char a; uint32_t b; };",
]


@pytest.mark.parametrize(
    ("text", "offset"), [*((one, 1) for one in PACKED), *((one, 4) for one in ALIGNED)]
)
def test_a_structure_lies_as_its_attributes_say(text: str, offset: int) -> None:
    module = generated(f"{UUID_MACRO}{text}\n")
    assert layout(module.S).offsets == {"a": 0, "b": offset}


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ("uint8_t *a;", "its member a is a pointer"),
        (
            "uint8_t a[2]; size_t b;",
            "its member b is of the type size_t, whose size depends on the processor",
        ),
        ("unsigned long b;", "its member b is of the type unsigned long, whose size depends"),
        ("uint32_t a : 3;", "its member a is some of the bits of a number"),
        ("handle_t a;", "its member a is of the type handle_t, which is unknown"),
        ("struct other a;", "its member a is a struct other, which is unknown"),
        ("uint8_t a[LENGTH];", "its member a has a size that is unknown"),
        ("uint8_t a[1 << 30];", "its member a has a size that is too large"),
        ("uint8_t a[]; uint8_t b;", "something follows what takes all that is left"),
        ("union { uint8_t a; uint32_t b; } c;", "its member c is a struct s_c, which was left out"),
        ("uint8_t a __attribute__((aligned(16)));", "an attribute aligns its member a"),
        ("__be32 a; uint32_t b;", "its member b has another order of bytes than others"),
        ("struct { uint8_t a; }; uint8_t b;", "its member ? has no name"),
        ("", "it has no members"),
    ],
)
def test_a_structure_that_depends_on_more_is_left_out(members: str, why: str) -> None:
    text = skeleton(f"{UUID_MACRO}struct s {{ {members} }};\n", "a.h")
    lines = " ".join(line.removeprefix("# ") for line in text.splitlines())
    assert f"struct s was left out: {why}" in lines


def test_a_command_whose_number_is_unknown_is_left_out_and_said_why() -> None:
    text = f"{UUID_MACRO}#define A_CMD_B (BASE + 1)\n"
    text += "enum { A_CMD_C = 2, A_CMD_D = BASE, A_CMD_E };\n"
    (declaration,) = declared_in(generated(text)).values()
    assert numbers_of(declaration) == {"c": 2}
    made = skeleton(text, "a.h")
    assert "# A_CMD_B was left out: BASE is unknown.\n" in made
    assert "# A_CMD_D and what follows it was left out: BASE is unknown.\n" in made


def test_an_enumeration_that_has_a_negative_number_becomes_constants() -> None:
    module: Any = generated(f"{UUID_MACRO}enum a_error {{ A_LOST = -2, A_LATE }};\n")
    assert (module.A_LOST, module.A_LATE) == (-2, -1)


def test_names_that_python_keeps_for_itself_are_members_all_the_same() -> None:
    module: Any = generated(
        f"{UUID_MACRO}enum mode {{ MODE__A_ = 1, MODE_None = 2, MODE_3 = 3 }};\n"
    )
    assert list(map(int, module.Mode)) == [1, 2, 3]


def test_numbers_that_say_so_are_big_endian() -> None:
    module = generated(UUID_MACRO + "struct s { __be32 a; uint8_t b; __be16 c; };\n")
    assert layout(module.S).order == ">"


def test_functions_and_c_plus_plus_do_not_disturb() -> None:
    text = (
        f'{UUID_MACRO}extern "C" {{\nstruct s {{ uint8_t a; }};\n'
        "static inline int f(struct s *s)\n{\n\treturn s->a ? 1 : 0;\n}\n"
        "int g(void);\nextern struct s one;\n}\n"
        "struct t { struct s inner; struct { uint16_t x; } point; } ;\n"
    )
    module = generated(text)
    assert layout(module.T).offsets == {"inner": 0, "point": 2}


def test_no_text_is_too_wrong_to_be_read() -> None:
    """Each is read, or refused as a header; nothing else is raised."""
    chance = random.Random(5)
    texts = [path.read_text() for path in DATA.iterdir()]
    for _ in range(400):
        text = chance.choice(texts)
        for _ in range(chance.randint(1, 6)):
            at, length = chance.randrange(len(text)), chance.randint(1, 20)
            text = (
                text[:at]
                + chance.choice(["", "{", "}", "(", "#if", "\\", '"', "/*"])
                + (text[at + length * chance.randint(0, 1) :])
            )
        try:
            module = skeleton(text, "a.h")
        except HeaderError:
            continue
        compile(module, "a.py", "exec")
