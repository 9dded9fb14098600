"""Opening Spark: in this process, on a cluster, or by Spark Connect."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from conformance.errors import Text
from conformance.errors.spark import BadSparkAddress, NoJava, SparkUnreachable
from conformance.errors.usage import Missing

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

JAVA = 17
"""The oldest Java on which every supported Spark runs."""
LOCAL = "local[2]"
_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",  # a cell that is no number is an error, not a missing value
    "spark.sql.caseSensitive": "true",
    "spark.sql.variable.substitute": "false",  # ${x} in a word is a word
    "spark.sql.constraintPropagation.enabled": "false",  # takes longer than all else on deep expressions
}
_LOCAL_SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.memory": "2g",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.sql.shuffle.partitions": "2",
}


def spark_session(address: str | None = None) -> SparkSession:
    """A session on ``address``: ``spark://`` a cluster, ``sc://`` a Spark Connect server, None two threads here.

    Its zone is UTC. The caller stops it. Raises `Missing` without pyspark, `NoJava` without a Java (which
    ``sc://`` does not need), `BadSparkAddress`, and `SparkUnreachable` with what Spark says.
    """
    if address is not None and not re.match(r"(spark|sc)://[^/\s]", address):
        raise BadSparkAddress(address=address)
    remote = address is not None and address.startswith("sc://")
    if not remote:
        _check_java()
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise _missing("pyspark") from error
    builder = SparkSession.builder.appName("conformance")
    for name, value in (_SETTINGS | ({} if address else _LOCAL_SETTINGS)).items():
        builder = builder.config(name, value)
    try:
        if remote:
            return builder.remote(str(address)).getOrCreate()
        session = builder.master(address or LOCAL).getOrCreate()
        session.sparkContext.pythonExec = os.environ.get("PYSPARK_PYTHON", sys.executable)  # of the workers
        session.sparkContext.setLogLevel("OFF")  # what goes wrong is raised
    except ImportError as error:  # Spark Connect has needs of its own
        raise _missing("pyspark[connect]") from error
    except Exception as error:  # of Java, of py4j or of gRPC: they have no common kind
        detail = str(error).partition("\n")[0]
        raise SparkUnreachable(address=address or LOCAL, detail=detail) from error
    return session


def _missing(package: str) -> Missing:
    purpose = Text("Spark SQL judges the tables", "数据表由 Spark SQL 判定")
    return Missing(package=package, extra="spark", purpose=purpose)


def _check_java() -> None:
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=os.path.join(home, "bin") if home else None)
    if java is None:
        raise NoJava(wanted=JAVA, found=Text("none", "无"))
    told = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=60, check=False).stderr  # noqa: S603
    version = re.search(r'version "(?:1\.)?(\d+)', told)
    if version is None or int(version[1]) < JAVA:
        found = version[0] if version else told.strip().partition("\n")[0]
        raise NoJava(wanted=JAVA, found=Text(found, found))
