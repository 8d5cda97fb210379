"""Runs inside a sandbox: unittest's or Django's tests, told as text and, where asked, as a JUnit XML report.

This file's text is given to the environment's Python (`python -c`): it needs the standard library, and Django for
`django`. Arguments: unittest|django [--report=FILE] [--seconds=N] [--pattern=GLOB] -- [file|folder|file::Class::test]…
"""

import argparse
import os
import re
import signal
import sys
import traceback
import unittest
from xml.etree import ElementTree as Xml

ROOT = os.getcwd()


class Hung(BaseException):
    """A test took longer than it may."""


class Result(unittest.TextTestResult):
    """Keeps every outcome; a subtest that fails is a failure of its test."""

    seconds = 0.0

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.cases = {}

    def startTest(self, test):
        super().startTest(test)
        self.cases.setdefault(name_of(test), {})
        if self.seconds:
            signal.signal(signal.SIGALRM, too_long)
            signal.setitimer(signal.ITIMER_REAL, self.seconds)

    def stopTest(self, test):
        signal.setitimer(signal.ITIMER_REAL, 0)
        super().stopTest(test)

    def addError(self, test, err):
        super().addError(test, err)
        self._note(test, "error", err)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._note(test, "failure", err)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.cases.setdefault(name_of(test), {})["skipped"] = reason

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self.cases.setdefault(name_of(test), {})["skipped"] = "fails as expected"

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.cases.setdefault(name_of(test), {})["failure"] = "passes where it should fail"

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._note(test, "failure" if issubclass(err[0], test.failureException) else "error", err)

    def _note(self, test, kind, err):
        case = self.cases.setdefault(name_of(test), {})
        case[kind] = case.get(kind, "") + "".join(traceback.format_exception(*err))


def too_long(signum, frame):
    raise Hung("the test took longer than it may")


def name_of(test):
    """(file relative to the workspace, class, test), also of a module that could not be imported."""
    if type(test).__name__ in ("_FailedTest", "ModuleImportFailure"):
        module = getattr(test, "_testMethodName", "")
        return file_of_module(module), "", module.rpartition(".")[2]
    match = re.fullmatch(r"(setUpClass|tearDownClass|setUpModule|tearDownModule) \((.+)\)", str(test))
    if match and not isinstance(test, unittest.TestCase):
        module = match[2] if match[2] in sys.modules else match[2].rpartition(".")[0]
        return file_of_module(module), "", match[1]
    kind = type(test)
    return file_of_module(kind.__module__), kind.__qualname__, getattr(test, "_testMethodName", str(test))


def file_of_module(module):
    loaded = getattr(sys.modules.get(module), "__file__", None)
    if loaded:
        return os.path.relpath(loaded, ROOT).replace(os.sep, "/")
    return module.replace(".", "/") + ".py"


def write(report, cases):
    suite = Xml.Element("testsuite", name="unittest")
    for (file, kind, name), found in cases.items():
        classname = file[:-3].replace("/", ".") + ("." + kind if kind else "")
        case = Xml.SubElement(suite, "testcase", file=file, classname=classname, name=name)
        for tag, text in found.items():
            Xml.SubElement(case, tag, message=printable(text)[:200]).text = printable(text)
    os.makedirs(os.path.dirname(report), exist_ok=True)
    Xml.ElementTree(suite).write(report, encoding="utf-8", xml_declaration=True)


def printable(text):
    return re.sub("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "?", str(text))


def folders_with_tests(pattern):
    """The topmost folders that hold test files, with the folder that imports start from."""
    import fnmatch

    found = []
    for folder, inside, files in os.walk(ROOT):
        inside[:] = sorted(name for name in inside if not name.startswith(".") and name != "node_modules")
        if any(fnmatch.fnmatch(name, pattern) for name in files):
            found.append(folder)
            inside[:] = [name for name in inside if not os.path.exists(os.path.join(folder, name, "__init__.py"))]
    return found


def top_of(folder):
    """The folder above the outermost package that `folder` is in."""
    while os.path.exists(os.path.join(folder, "__init__.py")) and folder != ROOT:
        folder = os.path.dirname(folder)
    return folder


def dotted(target):
    file, *names = target.split("::")
    path = os.path.join(ROOT, file)
    top = top_of(os.path.dirname(path))
    if top not in sys.path:
        sys.path.insert(0, top)
    return ".".join([os.path.relpath(path, top)[:-3].replace(os.sep, "."), *names])


def load(targets, pattern):
    loader = unittest.TestLoader()
    suites = []
    for target in targets or [os.path.relpath(folder, ROOT) for folder in folders_with_tests(pattern)]:
        if ".py" in target.split("/")[-1]:
            suites.append(loader.loadTestsFromName(dotted(target)))
        else:
            folder = os.path.join(ROOT, target)
            loader._top_level_dir = None
            suites.append(loader.discover(folder, pattern, top_of(folder)))
    return unittest.TestSuite(suites)


def run_unittest(options):
    suite = load(options.targets, options.pattern)
    return unittest.TextTestRunner(resultclass=Result, verbosity=1).run(suite)


def run_django(options):
    if "DJANGO_SETTINGS_MODULE" not in os.environ:
        with open("manage.py") as file:
            match = re.search(r"DJANGO_SETTINGS_MODULE['\"],\s*['\"]([\w.]+)", file.read())
        if match is None:
            sys.exit("manage.py names no settings; set DJANGO_SETTINGS_MODULE in the environment's variables")
        os.environ["DJANGO_SETTINGS_MODULE"] = match[1]
    import django
    from django.conf import settings
    from django.test.utils import get_runner

    django.setup()
    made = []

    class Runner(get_runner(settings)):
        def get_resultclass(self):
            return Result

        def run_suite(self, suite, **others):
            made.append(super().run_suite(suite, **others))
            return made[-1]

    labels = [dotted(each) if ".py" in each.split("/")[-1] else each for each in options.targets]
    Runner(interactive=False, verbosity=1, pattern=options.pattern).run_tests(labels)
    return made[-1]


def main():
    parser = argparse.ArgumentParser(prog="tests")
    parser.add_argument("runner", choices=("unittest", "django"))
    parser.add_argument("--report")
    parser.add_argument("--seconds", type=float, default=0.0)
    parser.add_argument("--pattern", default="test*.py")
    cut = sys.argv.index("--")
    options = parser.parse_args(sys.argv[1:cut])
    options.targets = sys.argv[cut + 1 :]
    sys.path.insert(0, ROOT)
    sys.argv = [options.runner]
    Result.seconds = options.seconds
    result = run_django(options) if options.runner == "django" else run_unittest(options)
    if options.report:
        write(options.report, result.cases)
    sys.exit(not result.wasSuccessful())


if __name__ == "__main__":
    main()
