"""What can be wrong with a recorded table: in its description, in its files, in its cells, in its rows."""

from __future__ import annotations

from attrs import frozen

from conformance.errors.base import Problem, Text

_WHOLE = Text("a table with rows left out would look better than it is", "略去若干行的表会显得比实际更好")


@frozen(kw_only=True)
class BadTable(Problem):
    """A table of a pack whose description contradicts itself."""

    code = "T001"
    what = Text("table {table!r}: {fault}", "表 {table!r}：{fault}")
    why = Text("no recording could be read into it", "任何记录都无法按此读入")
    mend = Text(
        "see the shipped schema pack.schema.json for what a table needs", "表所需的内容见随附的 pack.schema.json"
    )
    table: str
    fault: Text


@frozen(kw_only=True)
class BadTableSource(Problem):
    """A system's description of its recording that does not fit the table of the pack."""

    code = "T002"
    what = Text("recorded table {table!r}: {fault}", "记录表 {table!r}：{fault}")
    why = Text("its cells would be read as something that they are not", "单元格会被误读为别的含义")
    mend = Text("see docs/system-file.md for the keys of a table", "表的各项设置见 docs/system-file.zh-CN.md")
    table: str
    fault: Text


@frozen(kw_only=True)
class NoTableFile(Problem):
    """No file fits the pattern of a table."""

    code = "T003"
    what = Text("no file fits {pattern!r}", "没有文件符合 {pattern!r}")
    why = Text("there is nothing to judge", "没有可供判定的内容")
    mend = Text(
        "check the path, which starts at the folder of the system file", "请检查路径；路径以系统文件所在目录为起点"
    )
    pattern: str


@frozen(kw_only=True)
class UnreadableTable(Problem):
    """A file of a table that cannot be read to its end."""

    code = "T004"
    what = Text("the file cannot be read as {format}: {detail}", "该文件无法按 {format} 读取：{detail}")
    why = _WHOLE
    mend = Text("write the file again, whole, or correct its description", "请重新写出完整文件，或更正其格式说明")
    format: str
    detail: str


@frozen(kw_only=True)
class UnknownFormat(Problem):
    """A file whose name does not tell its format."""

    code = "T005"
    what = Text("the name of {path!r} does not tell its format", "从文件名 {path!r} 无法判断格式")
    why = Text("a format that is guessed can be guessed wrong", "猜测的格式可能有误")
    mend = Text("add `format:` csv, parquet, jsonl or xlsx", "请补充 `format:`，取 csv、parquet、jsonl 或 xlsx")
    path: str


@frozen(kw_only=True)
class MissingColumn(Problem):
    """A column that the table needs and the file has not."""

    code = "T006"
    what = Text(
        "there is no column {name!r} for {column!r}{suggestion}", "缺少列 {name!r}（对应 {column!r}）{suggestion}"
    )
    why = Text("the table needs it", "该表需要此列")
    mend = Text("name it under `columns:`; the file has {known}", "请在 `columns:` 中指明；文件中有 {known}")
    column: str
    name: str
    suggestion: Text
    known: str


@frozen(kw_only=True)
class DuplicateColumn(Problem):
    """Two columns of a file have one name."""

    code = "T007"
    what = Text("two columns are called {name!r}", "有两列同名 {name!r}")
    why = Text("either could be meant", "无法确定所指的是哪一列")
    mend = Text("give each column a name of its own", "请让每列有各自的名称")
    name: str


@frozen(kw_only=True)
class TooManyColumns(Problem):
    """More columns than we read."""

    code = "T008"
    what = Text("the file has more than {limit} columns", "文件超过 {limit} 列")
    why = Text("memory must stay bounded", "内存占用必须有上限")
    mend = Text("write fewer columns to a file, or rows instead of columns", "请减少每个文件的列数，或改为按行存放")
    limit: int


@frozen(kw_only=True)
class BadCell(Problem):
    """A cell that is not what its column needs."""

    code = "T009"
    what = Text("{text!r} is not {expected} (column {column!r})", "{text!r} 不是{expected}（列 {column!r}）")
    why = Text("a cell that is passed over could hide a failure", "跳过的单元格可能掩盖不合格")
    mend = Text(
        "correct it; if it stands for no value, name it under `missing:`", "请更正；若表示无值，请列入 `missing:`"
    )
    text: str
    expected: Text
    column: str


@frozen(kw_only=True)
class MoreBadCells(Problem):
    """There are more bad rows than are shown."""

    code = "T010"
    what = Text("{count} more rows have cells that cannot be read", "另有 {count} 行含无法读取的单元格")
    why = _WHOLE
    mend = Text("correct the ones shown first; the rest often have one cause", "请先更正已列出的；其余往往同因")
    count: int


@frozen(kw_only=True)
class RaggedRow(Problem):
    """A row with more or fewer cells than there are columns."""

    code = "T011"
    what = Text(
        "this row has {found} cells and the table {expected} columns", "本行有 {found} 个单元格，而表有 {expected} 列"
    )
    why = Text("its values could stand under the wrong names", "其中的值可能错位到别的列")
    mend = Text(
        "check the delimiter, decimal commas without quotes, and lines cut short",
        "请检查分隔符、未加引号的小数逗号以及被截断的行",
    )
    found: int
    expected: int


@frozen(kw_only=True)
class NotThisEncoding(Problem):
    """Bytes that are not in the encoding that was declared."""

    code = "T012"
    what = Text("this line is not {encoding}", "本行不是 {encoding} 编码")
    why = Text("names and codes would be read as others", "名称和代码会被误读")
    mend = Text("set `encoding:`, such as gb18030", "请设置 `encoding:`，例如 gb18030")
    encoding: str


@frozen(kw_only=True)
class BadLine(Problem):
    """A line that is no row."""

    code = "T013"
    what = Text("this line is no row: {fault}", "本行不是有效的一行数据：{fault}")
    why = _WHOLE
    mend = Text("correct the line, or write the file again", "请更正该行，或重新写出文件")
    fault: Text


@frozen(kw_only=True)
class NaiveTime(Problem):
    """A time without a zone, in a table that declares none."""

    code = "T014"
    what = Text("{text!r} has no time zone (column {column!r})", "{text!r} 没有时区（列 {column!r}）")
    why = Text("the instant is not known", "无法确定其时刻")
    mend = Text("declare `timezone:`, such as Asia/Shanghai", "请声明 `timezone:`，例如 Asia/Shanghai")
    text: str
    column: str


@frozen(kw_only=True)
class MixedZones(Problem):
    """Times with and without a zone in one column."""

    code = "T015"
    what = Text(
        "from here on, times with and without a zone stand in one column ({column!r})",
        "自此处起，同一列中既有带时区又有不带时区的时间（{column!r}）",
    )
    why = Text("one of the two was written by another clock", "二者之一来自另一时钟")
    mend = Text("write all times of the file in one way", "请统一文件中时间的写法")
    column: str


@frozen(kw_only=True)
class ClockChange(Problem):
    """A local time that came twice, or never."""

    code = "T016"
    what = Text(
        "{text!r} came twice or never in {zone}, where clocks are changed (column {column!r})",
        "{zone} 因时钟调整，{text!r} 出现两次或从未出现（列 {column!r}）",
    )
    why = Text("the instant is not known", "无法确定其时刻")
    mend = Text(
        "write times with their offset, such as 02:30+01:00, or in UTC", "请写明偏移，例如 02:30+01:00，或使用 UTC"
    )
    text: str
    zone: str
    column: str


@frozen(kw_only=True)
class WrongColumnType(Problem):
    """A column whose stored type cannot hold what the table needs."""

    code = "T017"
    what = Text("column {column!r} holds {found}, not {expected}", "列 {column!r} 的类型为 {found}，而非{expected}")
    why = Text("its values cannot be read without guessing", "不作猜测便无法读取其值")
    mend = Text("write the column with that type, or as text", "请按该类型写出此列，或写为文本")
    column: str
    found: str
    expected: Text


@frozen(kw_only=True)
class XlsxExtraMissing(Problem):
    """A workbook is to be read and openpyxl is not installed."""

    code = "T018"
    what = Text("reading a workbook needs the extra 'xlsx'", "读取工作簿需要可选依赖 'xlsx'")
    why = Text("it is not part of the core install", "核心安装不含该组件")
    mend = Text(
        "install it: pip install 'aienergy-conformance[xlsx]'", "请安装：pip install 'aienergy-conformance[xlsx]'"
    )


@frozen(kw_only=True)
class TableTooLarge(Problem):
    """A file, or a line of one, over the size that we read."""

    code = "T019"
    what = Text("{part} is larger than {limit} MiB", "{part}超过 {limit} MiB")
    why = Text("memory and time must stay bounded", "内存和时间必须有上限")
    mend = Text("write it as Parquet, or in smaller files", "请改写为 Parquet，或拆成较小的文件")
    part: Text
    limit: int


@frozen(kw_only=True)
class DuplicateRows(Problem):
    """Keys that come more than once: reported with the table, and judged by whoever reads it."""

    code = "T020"
    what = Text("{count} rows repeat a key of table {table!r}: {first}", "表 {table!r} 有 {count} 行的键重复：{first}")
    why = Text("which of them holds is not known, and counts are too high", "无法确定以哪一行为准，计数也会偏大")
    mend = Text("record each key once", "请让每个键只记录一次")
    table: str
    count: int
    first: str


@frozen(kw_only=True)
class UnorderedTimes(Problem):
    """Times that go back within a group: reported with the table, and judged by whoever reads it."""

    code = "T021"
    what = Text(
        "{count} rows of table {table!r} go back in time: {first}", "表 {table!r} 有 {count} 行时间倒退：{first}"
    )
    why = Text("a clock was set back, or rows were put together by hand", "可能是时钟被回拨，或数据经人工拼接")
    mend = Text("record rows in the order in which they were measured", "请按测量顺序记录各行")
    table: str
    count: int
    first: str


@frozen(kw_only=True)
class NoRows(Problem):
    """A table without a single row: reported with the table, whose rules then lack data."""

    code = "T022"
    what = Text("table {table!r} has no rows", "表 {table!r} 没有任何数据行")
    why = Text("nothing was recorded that could be judged", "没有可供判定的记录")
    mend = Text("check the files, and the period that they cover", "请检查文件及其覆盖的时段")
    table: str


@frozen(kw_only=True)
class LyingStatistics(Problem):
    """A Parquet file whose footer says of its rows what does not hold."""

    code = "T023"
    what = Text(
        "the statistics of column {column!r} do not hold for the rows from here on",
        "列 {column!r} 的统计信息与自此处起的数据行不符",
    )
    why = Text(
        "whoever trusts them passes over rows without reading them, and could pass over a failure",
        "采信它们便会不读而跳过若干行，可能漏掉不合格",
    )
    mend = Text(
        "write the file again: it was changed by hand, or by a program with a fault",
        "请重新写出该文件：它曾被人改动，或写出它的程序有缺陷",
    )
    column: str


@frozen(kw_only=True)
class UnknownDocument(Problem):
    """A document whose name does not tell its format."""

    code = "T024"
    what = Text(
        "the name of {path!r} does not tell whether it is YAML or JSON", "从文件名 {path!r} 无法判断是 YAML 还是 JSON"
    )
    why = Text("a format that is guessed can be guessed wrong", "猜测的格式可能有误")
    mend = Text("let its name end in .yaml, .yml or .json", "请让文件名以 .yaml、.yml 或 .json 结尾")
    path: str
