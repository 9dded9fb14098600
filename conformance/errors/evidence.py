"""What can be wrong with a run record."""

from __future__ import annotations

from attrs import frozen

from conformance.errors.base import Problem, Text

_NOT_TRUSTED = Text("a record that is not what was written is no evidence", "与写入内容不一致的记录不能作为证据")
_TAKE_ANOTHER = Text("take an undamaged copy, or make the run again", "请改用完好的副本，或重新运行")


@frozen(kw_only=True)
class RecordExists(Problem):
    """A record is written once."""

    code = "E001"
    what = Text("there is a record already: {file}", "记录文件已存在：{file}")
    why = Text("a record is only appended to by the run that began it", "记录只能由开始它的那次运行追加写入")
    mend = Text("give another folder with --output", "请用 --output 指定另一个目录")
    file: str


@frozen(kw_only=True)
class RecordNotWritten(Problem):
    """The operating system refused to store a line."""

    code = "E002"
    what = Text("the record cannot be written: {file}: {cause}", "无法写入记录：{file}：{cause}")
    why = Text("what is not stored cannot be shown later", "未存储的内容以后无法出示")
    mend = Text("make room on the disk, or check who may write there", "请清理磁盘空间，或检查写入权限")
    file: str
    cause: str


@frozen(kw_only=True)
class RecordNotRead(Problem):
    """The file cannot be opened."""

    code = "E003"
    what = Text("the record cannot be read: {file}: {cause}", "无法读取记录：{file}：{cause}")
    why = Text("every report is a view of the record", "所有报告均由记录生成")
    mend = Text("check the path; `last` stands for the latest run here", "请检查路径；`last` 表示此处最近一次运行")
    file: str
    cause: str


@frozen(kw_only=True)
class BadLine(Problem):
    """A line is not what a record holds."""

    code = "E004"
    what = Text("this line is not part of a run record: {detail}", "此行不属于运行记录：{detail}")
    why = _NOT_TRUSTED
    mend = _TAKE_ANOTHER
    detail: str


@frozen(kw_only=True)
class LineTooLong(Problem):
    """A line that would fill the memory."""

    code = "E005"
    what = Text("this line is longer than {limit} bytes", "此行超过 {limit} 字节")
    why = Text(
        "a record is read one line at a time, and a line has to fit in memory", "记录逐行读取，单行必须能放入内存"
    )
    mend = _TAKE_ANOTHER
    limit: int


@frozen(kw_only=True)
class UnknownVersion(Problem):
    """The record was made by a later version of this tool."""

    code = "E006"
    what = Text("record schema {version!r} is not known here", "此处不识别记录格式版本 {version!r}")
    why = Text(
        "older records are migrated when they are read; later ones cannot be",
        "较旧的记录在读取时会自动迁移；较新的则不能",
    )
    mend = Text(
        "read it with the version of the tool that made it, or a later one", "请使用生成该记录的版本或更新的版本读取"
    )
    version: str


@frozen(kw_only=True)
class WrongDigest(Problem):
    """Lines were changed after the record was finished."""

    code = "E007"
    what = Text(
        "the {part} of this record has SHA-256 {found}, its last line says {stated}",
        "该记录的 {part} 部分 SHA-256 为 {found}，而末行声明为 {stated}",
    )
    why = _NOT_TRUSTED
    mend = _TAKE_ANOTHER
    part: str
    found: str
    stated: str


@frozen(kw_only=True)
class NoHeader(Problem):
    """Nothing of the run was stored."""

    code = "E008"
    what = Text("this record has no header", "该记录没有首行（header）")
    why = Text("without it nobody knows what was tested against what", "缺少首行则无法得知以何标准测试何系统")
    mend = _TAKE_ANOTHER


@frozen(kw_only=True)
class NoSuchCase(Problem):
    """A case that the record does not hold."""

    code = "E009"
    what = Text("this record holds no case {case}", "该记录中没有用例 {case}")
    why = Text("only a case that was stored can be looked at or sent again", "只有已存储的用例才能查看或重放")
    mend = Text("take a case number from the report", "请使用报告中的用例编号")
    case: int


@frozen(kw_only=True)
class Misplaced(Problem):
    """A line that cannot stand where it stands."""

    code = "E010"
    what = Text("a line of kind {kind!r} cannot stand here", "类型为 {kind!r} 的行不能出现在此处")
    why = Text(
        "a record is one header, then what happened, then one footer; a case comes before what was observed of it",
        "记录依次为一个首行、过程内容和一个末行；用例必须先于其观测结果",
    )
    mend = _TAKE_ANOTHER
    kind: str


@frozen(kw_only=True)
class UnknownSite(Problem):
    """A request refers to a part of the site that the header does not hold."""

    code = "E011"
    what = Text(
        "a request refers to {reference}, which the header does not hold", "请求引用了 {reference}，但首行中没有该内容"
    )
    why = Text("the request cannot be made whole again", "无法还原完整请求")
    mend = _TAKE_ANOTHER
    reference: str
