"""Where the processes find Python, its packages and the code: in the installation, or in a copy of what lies
where their users cannot go, such as root's home directory."""

import compileall
import os
import shutil
import stat
import sys
import sysconfig
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from deploy.local.accounts import may_enter
from deploy.local.users import User

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("services", "gateway", "deploy", "ops", "gen")
# Of the standard library, what no process needs; together it is the larger half.
NEVER_USED = ("test", "tests", "idlelib", "tkinter", "turtledemo", "ensurepip", "lib2to3", "site-packages")


@dataclass(frozen=True, slots=True)
class Runtime:
    """The interpreter, the directory of the code, and of each directory that was copied, its copy."""

    python: Path = Path(sys.executable)
    code: Path = ROOT
    copies: tuple[tuple[Path, Path], ...] = ()

    def at(self, path: Path) -> Path:
        """Where the processes find a file of the installation."""
        for original, copy in self.copies:
            if path.is_relative_to(original):
                return copy / path.relative_to(original)
        return path

    def environment(self) -> dict[str, str]:
        """Where Python finds the project and its generated code; unbuffered output for whole logs."""
        path = os.pathsep.join((str(self.code), str(self.code / "gen")))
        return {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}


def reachable(users: Collection[User], room: Path) -> Runtime:
    """A runtime that all users can enter; what they cannot reach is copied into `room`."""
    if not users:
        return Runtime()
    base = Path(os.path.realpath(sys.executable))
    library, site = Path(sysconfig.get_path("stdlib")), Path(sysconfig.get_path("purelib"))

    def blocked(*directories: Path) -> bool:
        return not all(may_enter(user, directory) for user in users for directory in directories)

    code = ROOT
    if blocked(*(ROOT / package for package in PACKAGES)):
        code = room / "code"
        # The code may have changed since the last start, and is small.
        shutil.rmtree(code, ignore_errors=True)
        copy_trees(ROOT, code, PACKAGES)
    # They cannot write what Python would otherwise keep of each module beside it.
    for package in PACKAGES:
        compileall.compile_dir(code / package, quiet=2)
    programs = Path(sys.executable).parent
    if not blocked(base.parent, library, site, programs):
        return Runtime(code=code)
    made = room / f"python-{_fingerprint(base, site)}"
    if not made.exists():
        for outdated in room.glob("python-*"):
            shutil.rmtree(outdated)
        draft = room / "python.new"
        shutil.rmtree(draft, ignore_errors=True)
        home = base.parent
        if blocked(base.parent, library):
            _copy_interpreter(base, library, draft / "base")
            home = made / "base" / "bin"
        packages = draft / "lib" / library.name / "site-packages"
        if blocked(site):
            _link_tree(site, packages)
        else:
            packages.parent.mkdir(parents=True)
            packages.symlink_to(site)
        (draft / "bin").mkdir()
        (draft / "bin" / "python").symlink_to(home / base.name)
        if (programs / "rclone").is_file():
            _link(programs / "rclone", draft / "bin" / "rclone")
        version = ".".join(map(str, sys.version_info[:3]))
        settings = f"home = {home}\ninclude-system-site-packages = false\nversion = {version}\n"
        (draft / "pyvenv.cfg").write_text(settings)
        draft.replace(made)
    return Runtime(
        made / "bin" / "python",
        code,
        ((Path(sys.prefix), made),) if blocked(programs) else (),
    )


def copy_trees(source: Path, target: Path, names: Iterable[str]) -> None:
    """Copy directories of code, readable for all."""
    for name in names:
        shutil.copytree(source / name, target / name, copy_function=shutil.copyfile)
    for path in (target, *target.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _copy_interpreter(program: Path, library: Path, target: Path) -> None:
    _link_tree(library, target / "lib" / library.name, without=NEVER_USED)
    (target / "bin").mkdir()
    copy = target / "bin" / program.name
    copy.write_bytes(_with_library_beside(program.read_bytes(), library.parent))
    copy.chmod(0o755)
    for shared in library.parent.glob("libpython*"):
        if shared.is_file():
            _link(shared, target / "lib" / shared.name)


def _with_library_beside(program: bytes, directory: Path) -> bytes:
    """The program, looking for its library in its own `../lib` where it named a directory. The loader would
    skip that one, which its user cannot enter, and might find the library of another Python."""
    named = bytes(directory) + b"\0"
    return program.replace(named, b"$ORIGIN/../lib".ljust(len(named), b"\0"))


def _link_tree(source: Path, target: Path, *, without: Collection[str] = ()) -> None:
    target.mkdir(parents=True)
    target.chmod(0o755)
    for entry in os.scandir(source):
        if entry.name in without:
            continue
        if entry.is_dir():
            _link_tree(Path(entry), target / entry.name)
        else:
            _link(Path(entry), target / entry.name)


def _link(source: Path, target: Path) -> None:
    """Give a file a second name, or copy it to another disk, or when not everybody may read it."""
    source = source.resolve()
    mode = source.stat().st_mode
    if mode & stat.S_IROTH:
        try:
            target.hardlink_to(source)
        except OSError:
            pass
        else:
            return
    shutil.copyfile(source, target)
    target.chmod(0o755 if mode & stat.S_IXUSR else 0o644)


def _fingerprint(program: Path, packages: Path) -> str:
    """Another one when Python or a package has been installed anew."""
    return "-".join(f"{path.stat().st_size}-{path.stat().st_mtime_ns}" for path in (program, packages))
