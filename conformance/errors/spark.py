"""Why Spark cannot be asked."""

from __future__ import annotations

from attrs import frozen

from conformance.errors.base import Problem, Text


@frozen(kw_only=True)
class NoJava(Problem):
    """Spark needs a Java that is not there, or is too old."""

    code = "T040"
    what = Text(
        "Spark needs Java {wanted} or newer; found: {found}", "Spark 需要 Java {wanted} 或更新版本；现有：{found}"
    )
    why = Text("Spark runs on the Java virtual machine", "Spark 在 Java 虚拟机上运行")
    mend = Text(
        "install a Java runtime (such as OpenJDK {wanted}) and put it on PATH or in JAVA_HOME, "
        "or name a server with an sc:// address",
        "请安装 Java 运行环境（如 OpenJDK {wanted}），并加入 PATH 或设置 JAVA_HOME；也可用 sc:// 地址指定服务器",
    )
    wanted: int
    found: Text


@frozen(kw_only=True)
class BadSparkAddress(Problem):
    """An address that no Spark answers to."""

    code = "T041"
    what = Text("{address!r} is no address of Spark", "{address!r} 不是 Spark 地址")
    why = Text("the tables would be judged nowhere", "数据表将无处判定")
    mend = Text(
        "give spark://HOST:PORT, sc://HOST:PORT, or no address to run Spark in this process",
        "请给出 spark://主机:端口 或 sc://主机:端口；不给地址则在本进程内运行 Spark",
    )
    address: str


@frozen(kw_only=True)
class SparkUnreachable(Problem):
    """Spark did not start, or did not answer."""

    code = "T042"
    what = Text("Spark at {address} does not answer: {detail}", "{address} 处的 Spark 无应答：{detail}")
    why = Text("no table was judged", "未判定任何数据表")
    mend = Text(
        "check that the cluster runs, can be reached, and has the Spark version of the installed pyspark",
        "请检查集群是否运行、能否访问，其 Spark 版本是否与所装 pyspark 一致",
    )
    address: str
    detail: str
