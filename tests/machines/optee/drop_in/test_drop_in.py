# SPDX-License-Identifier: BSD-2-Clause
"""What is said when this library could no longer stand in for Debian's libteec."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from . import dependents, results
from .dependents import Binary

OURS = frozenset({"TEEC_OpenSession", "_dprintf"})


def binary(*imports: str, library: str = "libteec.so.2") -> Binary:
    return Binary("libx 1.0-1", Path("/somewhere/libx.so.1"), library, frozenset(imports))


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Unpacked packages for this host: libteec with two versions of symbols, and who needs it."""
    root = tmp_path_factory.mktemp("packages")
    library = root / "libteec2_1%3a4.5.0-1_arm64.deb" / "usr/lib/libteec.so.2.0.0"
    program = root / "user_2.0_arm64.deb" / "usr/bin/user"
    other = root / "other_2.0_arm64.deb" / "usr/lib/libother.so"
    for path in (library, program, other):
        path.parent.mkdir(parents=True)
    (program.parent / "script").write_text("#!/bin/sh\n")
    (program.parent / "link").symlink_to("user")
    sources = tmp_path_factory.mktemp("sources")
    source, versions = sources / "source.c", sources / "versions"
    versions.write_text("V1 { global: versioned; };\n")
    source.write_text(
        "int versioned(void) { return 1; } int plain(void) { return 2; }\n"
        "static int unseen(void) { return 3; } int (*pointer)(void) = unseen;\n"
    )
    _compile(
        source,
        library,
        "-shared",
        "-fPIC",
        "-Wl,-soname,libteec.so.2",
        f"-Wl,--version-script={versions}",
    )
    source.write_text(
        "int versioned(void); int plain(void); __attribute__((weak)) int optional(void);\n"
        "int main(void) { return versioned() + plain() + (optional ? optional() : 0); }\n"
    )
    _compile(source, program, str(library))
    source.write_text("int nothing(void) { return 0; }\n")
    _compile(source, other, "-shared", "-fPIC")
    return root


def _compile(source: Path, made: Path, *words: str) -> None:
    subprocess.run(["cc", str(source), *words, "-o", str(made)], check=True, timeout=60)


def test_programs_that_need_libteec_are_found_with_what_they_import(packages: Path) -> None:
    (found,) = dependents.binaries(packages)
    assert (found.package, found.path.name) == ("user 2.0", "user")
    assert str(found) == "user of user 2.0"
    assert found.library == "libteec.so.2"
    assert {"versioned@V1", "plain"} <= found.imports
    assert not {"optional", "main", "unseen"} & found.imports


def test_a_library_has_its_name_and_its_exports(packages: Path) -> None:
    (library,) = dependents.libteecs(packages)
    assert dependents.soname(library) == "libteec.so.2"
    assert dependents.exports(library) >= {"versioned@V1", "plain", "pointer"}
    assert "unseen" not in dependents.exports(library)


def test_nothing_is_said_when_nothing_is_missing() -> None:
    found = [binary("_dprintf", "printf@GLIBC_2.17"), binary("TEEC_OpenSession")]
    assert list(dependents.complaints(OURS, OURS, found)) == []
    assert list(dependents.complaints(OURS | {"more"}, OURS, found)) == []


def test_a_missing_symbol_is_named_with_who_imports_it() -> None:
    theirs = OURS | {"TEEC_New", "TEEC_OpenSession@V2", "unused"}
    found = [binary("TEEC_New", "_dprintf", "elsewhere"), binary("TEEC_OpenSession@V2")]
    assert list(dependents.complaints(OURS, theirs, found)) == [
        "libx.so.1 of libx 1.0-1 imports TEEC_New",
        "libx.so.1 of libx 1.0-1 imports TEEC_OpenSession@V2",
        "Debian's libteec exports unused",
    ]


def test_another_name_of_the_library_is_a_complaint() -> None:
    (complaint,) = dependents.complaints(OURS, OURS, [binary("_dprintf", library="libteec.so.3")])
    assert complaint == "libx.so.1 of libx 1.0-1 asks for libteec.so.3"


@pytest.mark.parametrize(
    ("theirs", "found"), [(OURS, []), (frozenset[str](), [binary("_dprintf")])]
)
def test_a_comparison_of_nothing_is_a_complaint(
    theirs: frozenset[str], found: list[Binary]
) -> None:
    assert list(dependents.complaints(OURS, theirs, found))


LOADED = {"/opt/dependents/0/a": "a of A 1", "/opt/dependents/1/b": "b of B 2"}
GOOD = {
    "supplicant": "/opt/teec/libteec.so.2\n",
    "loader": "".join(
        f"file: {name}\n\tlinux-vdso.so.1 (0x0000ffff91c42000)\n"
        "\tlibteec.so.2 => /opt/teec/libteec.so.2 (0x0000ffff91a42000)\n"
        "\tlibc.so.6 => /lib/aarch64-linux-gnu/libc.so.6 (0x0000ffff91842000)\n"
        for name in LOADED
    ),
    "over-ours": "se_scp03_enable: 0x1\n",
    "over-debian": "se_scp03_enable: 0x1\n",
    "silent": "Usage: tee-supplicant\n",
    "trace": (
        'TEES error: main:916: failed to open "no-such-device"\n'
        "MACROS error: main:10: an error\na raw error\n"
        "MACROS info: main:12: some information\na buffer: 6 bytes\n"
        "00000000  62 79 74 65 73 00                                |bytes.|\n"
    ),
    "public.der": "\x86",
    "message": "",
    "signature": "",
}


def said(**changed: str) -> list[str]:
    files = {
        results.RESULTS[name]: text.encode("latin-1")
        for name, text in {
            **GOOD,
            **{key.replace("_", "-"): it for key, it in changed.items()},
        }.items()
    }
    return list(results.complaints(files, LOADED))


def test_nothing_is_said_of_a_machine_that_runs_over_this_library() -> None:
    assert said() == []


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        ("supplicant", "/opt/teec", "/usr/lib", "tee-supplicant runs over /usr/lib/libteec.so.2"),
        ("supplicant", GOOD["supplicant"], "", "tee-supplicant runs over no libteec"),
        (
            "loader",
            "file: /opt/dependents/1/b",
            "file: /other",
            "b of B 2 is loaded over no libteec",
        ),
        ("loader", "=> /opt/teec", "=> /lib", "a of A 1 is loaded over /lib/libteec.so.2"),
        (
            "loader",
            "\tlibc.so.6 => /lib/aarch64-linux-gnu/libc.so.6 (0x0000ffff91842000)",
            "undefined symbol: _dprintf\t(/opt/dependents/0/a)",
            "a of A 1: undefined symbol: _dprintf",
        ),
        (
            "loader",
            "/lib/aarch64-linux-gnu/libc.so.6 (0x0000ffff91842000)",
            "not found",
            "a of A 1: libc.so.6 => not found",
        ),
        ("over_ours", "0x1", "0x2", "se_scp03_enable: 0x2"),
        ("over_ours", GOOD["over-ours"], "", "answer nothing"),
        ("silent", "Usage", "TEES error: main:1: no device\nUsage", "although nobody asked"),
        ("trace", "TEES error", "TEES info", "TEES error"),
        ("trace", "a raw error", "MACROS error: a raw error", "a raw error"),
        ("trace", "|bytes.|", "", "62 79"),
    ],
)
def test_whatever_did_not_run_over_this_library_is_named(
    file: str, old: str, new: str, complaint: str
) -> None:
    good = GOOD[file.replace("_", "-")]
    assert old in good
    assert complaint in "\n".join(said(**{file: good.replace(old, new)}))


@pytest.mark.parametrize("name", GOOD)
def test_a_result_that_did_not_come_back_is_named(name: str) -> None:
    files = {results.RESULTS[other]: b"" for other in GOOD if other != name}
    assert list(results.complaints(files, LOADED)) == [f"the machine sent no {name}"]


def verified(place: Path, key: ec.EllipticCurvePublicKey, message: bytes, signature: bytes) -> str:
    """Return what verify.py prints, of whatever kind."""
    public = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    paths = [place / "public.der", place / "message", place / "signature"]
    for path, content in zip(paths, (public, message, signature), strict=True):
        path.write_bytes(content)
    done = subprocess.run(
        [sys.executable, Path(dependents.__file__).with_name("verify.py"), *paths],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert bool(done.stdout) == (done.returncode == 0)
    return done.stdout + done.stderr


def test_a_signature_holds_for_its_key_and_message_alone(tmp_path: Path) -> None:
    key, other = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    message, algorithm = b"To be signed.", ec.ECDSA(SHA256())
    signature = key.sign(message, algorithm)
    assert verified(tmp_path, key.public_key(), message, signature) == "secp256r1\n"
    for wrong in (other.sign(message, algorithm), key.sign(b"Other.", algorithm), b""):
        assert "another key" in verified(tmp_path, key.public_key(), message, wrong)
