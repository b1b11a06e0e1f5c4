# SPDX-License-Identifier: BSD-2-Clause
"""The plugin of pytest for programs that use a TEE; docs/pytest.md has what it offers.

pytest loads this module in every run, also where no test uses a TEE. So it imports nothing else:
what fixtures do is in pytee_client.pytest_plugin, which the first fixture imports.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from pytee_client import Context, aio, fake
    from pytee_client.faults import Gate
    from pytee_client.pytest_plugin import TeeBackend, TeeFaults, TeeSession
    from pytee_client.typing import Kernel

__all__ = ["RunningTest", "tees_of"]

_DEFAULT = "fake:optee"
_FAKE = "fake:"
_CASSETTE = "cassette"
# Those of fake.Kernel, which are not asked, as that would import them. A test compares.
_PROFILES = ("optee", "optee-no-reg-mem", "amdtee", "tstee", "qtee", "optee-4.10")
_MARKERS = (
    "tee_real: the test needs a device with a TEE behind it; it is skipped on fakes and cassettes",
    "tee_faults(fault, ...): the faults, of pytee_client.faults.Fault, that strike the calls of the"
    " test; each has to strike one",
    "tee_cassette(payloads=False, values=True): record what a device answers with --tee-record,"
    " and replay it where there is none; payloads are the contents of memory, which may be secrets",
    "tee_no_leak_check: what the test does not give back to the TEE is no failure",
)
_NO_CASSETTE = "has no cassette: mark it tee_cassette, or name another TEE with --tee"
_names = pytest.StashKey[tuple[str, ...]]()


class RunningTest:
    """A test that runs, and how far it has come.

    Attributes:
        item: the test.
        passed: whether its call has passed, with all of its subtests.
        gates: those that may hold calls of it.
        ends: what is called when all of it is over, with whether it has passed.
    """

    def __init__(self, item: pytest.Item) -> None:
        self.item = item
        self.passed = False
        self.gates: list[Gate] = []
        self.ends: list[Callable[[bool], None]] = []
        self._is_over = False
        self._has_failed = False

    @classmethod
    def of(cls, item: pytest.Item) -> RunningTest:
        """Return that of an item."""
        return item.stash[_running]

    def end_call(self) -> None:
        """Note that the call is over. What is reported before is of subtests."""
        self._is_over = True

    def note(self, report: pytest.TestReport) -> None:
        """Note what is reported of the call, or of a subtest."""
        self._has_failed = self._has_failed or report.failed
        self.passed = self._is_over and report.passed and not self._has_failed

    def end(self, has_passed: bool) -> None:
        """Have done what waits for the end of the test."""
        while self.ends:
            self.ends.pop()(has_passed)


_running = pytest.StashKey[RunningTest]()
# The test that runs, or was the last.
_latest = pytest.StashKey[RunningTest]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    group = parser.getgroup("tee", "Trusted Execution Environments (pytee_client)")
    group.addoption(
        "--tee",
        action="append",
        metavar="TEE,...",
        help="the TEEs that tests run on, separated by commas: fake:PROFILE for a fake, such as"
        " fake:optee or fake:amdtee; linux for the machine's first device; the path of a device,"
        f" such as /dev/tee1; cassette for what was recorded (default: {_DEFAULT}, or tee= of the"
        " configuration)",
    )
    group.addoption(
        "--tee-require",
        action="store_true",
        help="a device that is missing is an error, and no skip",
    )
    group.addoption(
        "--tee-record",
        action="store_true",
        help="record the cassettes of tests that are marked tee_cassette from the one TEE that"
        " --tee names",
    )
    parser.addini("tee", "the TEEs that tests run on, as of --tee", default=_DEFAULT)
    parser.addini(
        "tee_leak_check",
        "whether what a test does not give back to the TEE fails it (default: true)",
        type="bool",
        default=True,
    )


def pytest_configure(config: pytest.Config) -> None:
    """Look at the options, and declare the markers."""
    for marker in _MARKERS:
        config.addinivalue_line("markers", marker)
    given = config.getoption("tee")
    words = ",".join(given) if given else str(config.getini("tee"))
    source = "--tee" if given else "tee= of the configuration"
    names = config.stash[_names] = tuple(
        dict.fromkeys(_checked(word.strip(), source) for word in words.split(","))
    )
    if not config.getoption("tee_record"):
        return
    if not given or len(names) != 1 or names[0] == _CASSETTE:
        raise pytest.UsageError(
            "--tee-record records one TEE: name it with --tee, such as --tee linux"
        )


def _checked(given: object, source: str) -> str:
    """Return the name of a TEE; UsageError if it is none."""
    name = given if isinstance(given, str) else ""
    if name in ("linux", _CASSETTE) or name.startswith("/"):
        return name
    profile, at, release = name.removeprefix(_FAKE).partition("@")
    is_fake = name.startswith(_FAKE) and (not profile or profile in _PROFILES)
    if not is_fake:
        raise pytest.UsageError(
            f"{source} {given!r} names no TEE: give the path of a device, such as /dev/tee0; linux,"
            f" for the first device; {_CASSETTE}; or one of the fakes"
            f" {', '.join(_FAKE + known for known in _PROFILES)}"
        )
    if at:
        # Which releases there are is in a file of the fake's.
        from pytee_client.fake import LinuxRelease

        try:
            LinuxRelease.named(release)
        except ValueError as error:
            raise pytest.UsageError(f"{source} {name!r}: {error}") from None
    return f"{_FAKE}{profile or 'optee'}{at}{release}"


def tees_of(config: pytest.Config) -> tuple[str, ...]:
    """Return the names of the TEEs that tests run on."""
    return config.stash[_names]


def _is_real(name: str) -> bool:
    """Return whether a name is that of a device."""
    return name != _CASSETTE and not name.startswith(_FAKE)


def pytest_report_header(config: pytest.Config) -> str:
    """Say which TEEs tests run on."""
    doing = ", recording cassettes" if config.getoption("tee_record") else ""
    return f"TEE: {', '.join(tees_of(config))}{doing}"


# First, so that names of tests begin with the TEE.
@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test that uses a TEE on every TEE."""
    if "tee_name" not in metafunc.fixturenames:
        return
    marks = [*metafunc.definition.iter_markers("parametrize")]
    if any("tee_name" in _arguments(mark) for mark in marks):
        return
    is_cassette = metafunc.definition.get_closest_marker("tee_cassette") is not None
    names = _names_for(metafunc.config, is_cassette)
    metafunc.parametrize("tee_name", names, indirect=True, scope="module")


def _arguments(mark: pytest.Mark) -> list[str]:
    """Return the names that a mark parametrises."""
    names = mark.args[0] if mark.args else mark.kwargs.get("argnames", ())
    return names.replace(",", " ").split() if isinstance(names, str) else [*names]


def _names_for(config: pytest.Config, is_cassette: bool) -> tuple[str, ...]:
    """Return the TEEs of one test."""
    names = tees_of(config)
    if config.getoption("tee_record"):
        return names
    if not is_cassette:
        return tuple(name for name in names if name != _CASSETTE) or names
    real = tuple(filter(_is_real, names))
    return (*real, _CASSETTE) if not real or _CASSETTE in names else real


def pytest_itemcollected(item: pytest.Item) -> None:
    """Have a test skipped that is not for its TEE."""
    spec = getattr(item, "callspec", None)
    name = None if spec is None else spec.params.get("tee_name")
    if item.get_closest_marker("tee_real") is not None:
        names = tees_of(item.config) if name is None else (name,)
        if not any(map(_is_real, names)):
            reason = f"needs a real TEE, and this is {', '.join(names)}: run it with --tee linux"
            item.add_marker(pytest.mark.skip(reason=reason))
    if name == _CASSETTE and item.get_closest_marker("tee_cassette") is None:
        item.add_marker(pytest.mark.skip(reason=_NO_CASSETTE))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Begin to follow a test, and refuse markers that would do nothing."""
    item.stash[_running] = item.config.stash[_latest] = RunningTest(item)
    uses_tee = "tee_name" in getattr(item, "fixturenames", ())
    for marker in ("tee_faults", "tee_cassette"):
        if item.get_closest_marker(marker) is not None and not uses_tee:
            raise pytest.UsageError(
                f"the marker {marker} is for tests that use a TEE: have the test take a fixture"
                ' such as tee_kernel, or mark it usefixtures("tee_kernel")'
            )


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Note when the call of a test is over."""
    try:
        yield
    finally:
        if _running in item.stash:
            RunningTest.of(item).end_call()


# Around all others, as the report says what they make of a call that raised nothing.
@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note whether a test has passed, and have done what waits for that."""
    report = yield
    test = item.stash.get(_running, None)
    if test is not None and call.when == "call":
        test.note(report)
    elif test is not None and call.when == "teardown":
        test.end(test.passed and report.passed)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None]:
    """End a test whose end was interrupted, which has no report."""
    try:
        return (yield)
    finally:
        test = session.config.stash.get(_latest, None)
        if test is not None:
            test.end(False)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Let go of the calls that a gate holds, before fixtures wait for them."""
    if _running in item.stash:
        for gate in RunningTest.of(item).gates:
            gate.release()


@pytest.fixture(scope="module")
def tee_name(request: pytest.FixtureRequest) -> str:
    """The name of the TEE that the test runs on, as of --tee."""
    name: str | None = getattr(request, "param", None)
    if name is not None:
        return _checked(name, "tee_name")
    # A test whose arguments pytest does not see, as in a class of unittest.
    only, *others = _names_for(request.config, False)
    if others:
        pytest.fail(
            f"there are several TEEs, {', '.join([only, *others])}: have the test itself take"
            " tee_name, or name one TEE with --tee",
            pytrace=False,
        )
    return only


@pytest.fixture
def tee_applications() -> tuple[type[fake.TrustedApplication], ...]:
    """The applications to install in the fake. Override it to return yours."""
    return ()


@pytest.fixture
def tee_fake(
    tee_name: str, tee_applications: tuple[type[fake.TrustedApplication], ...]
) -> fake.Kernel | None:
    """The fake kernel; None on a device. Override it to make one with other options."""
    name = _checked(tee_name, "tee_name")
    if not name.startswith(_FAKE):
        return None
    from pytee_client.pytest_plugin import new_fake

    return new_fake(name.removeprefix(_FAKE), tee_applications)


@pytest.fixture
def tee_backend(
    request: pytest.FixtureRequest, tee_name: str, tee_fake: fake.Kernel | None
) -> Iterator[TeeBackend]:
    """The TEE that the test runs on: its name, device and kernel, and whether it is real."""
    from pytee_client.pytest_plugin import run_on

    wants_faults = "tee_faults" in request.fixturenames
    test = RunningTest.of(request.node)
    name = _name_of(test.item, tee_name)
    with run_on(test, name, tee_fake, wants_faults=wants_faults) as backend:
        yield backend


def _name_of(item: pytest.Item, name: str) -> str:
    """Return the TEE of a test: pytest has not parametrised those whose arguments it can't see."""
    if "tee_name" in getattr(getattr(item, "callspec", None), "params", ()):
        return _checked(name, "tee_name")
    if item.get_closest_marker("tee_cassette") is not None:
        return _names_for(item.config, True)[0]
    if name == _CASSETTE:
        pytest.skip(_NO_CASSETTE)
    return name


@pytest.fixture
def tee_kernel(tee_backend: TeeBackend) -> Kernel:
    """The kernel of the TEE: a fresh fake.Kernel with tee_applications; a LinuxKernel on a device.

    A program under test that opens a context itself meets it.
    """
    if tee_backend.kernel is not None:
        return tee_backend.kernel
    from pytee_client.kernels import LinuxKernel

    return LinuxKernel()


@pytest.fixture
def tee_context(request: pytest.FixtureRequest, tee_backend: TeeBackend) -> Iterator[Context]:
    """A context on the TEE, closed at the end of the test."""
    from pytee_client.pytest_plugin import opened_context

    with opened_context(RunningTest.of(request.node), tee_backend) as context:
        yield context


@pytest.fixture
def tee_aio_context(
    request: pytest.FixtureRequest, tee_backend: TeeBackend
) -> Iterator[aio.Context]:
    """An open context of pytee_client.aio, for tests on any loop; closed at the end of the test."""
    from pytee_client.pytest_plugin import opened_aio_context

    with opened_aio_context(RunningTest.of(request.node), tee_backend) as context:
        yield context


@pytest.fixture
def tee_session(tee_context: Context) -> Iterator[TeeSession]:
    """Open sessions, by UUID or class of ta.Client, which are closed at the end of the test.

    The arguments after the first are those of Context.open_session(), or of the class.
    """
    from pytee_client.pytest_plugin import opened_sessions

    with opened_sessions(tee_context) as opener:
        yield opener


@pytest.fixture
def tee_faults(tee_backend: TeeBackend) -> TeeFaults:
    """The faults of the test, to arm with a Plan. Each has to strike until the end of the test."""
    from pytee_client.pytest_plugin import faults_of

    return faults_of(tee_backend)


@pytest.fixture
def tee_gate(request: pytest.FixtureRequest) -> Iterator[Gate]:
    """A gate for the action Hold. It lets go of all calls at the end of the test."""
    from pytee_client.faults import Gate

    with Gate() as gate:
        RunningTest.of(request.node).gates.append(gate)
        yield gate
