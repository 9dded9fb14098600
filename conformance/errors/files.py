"""What can be wrong with a file as such: its bytes, its YAML or JSON, its form, and the paths and references in it."""

from __future__ import annotations

from attrs import frozen

from conformance.errors.base import Problem, Text

_UNSAFE = Text("a file that can be read in two ways can be judged in two ways", "有两种读法的文件，就会有两种判定结果")
_UNREAD = Text("nothing behind this place could be read", "此处之后的内容都无法读取")
_CLOSED = Text(
    "each key has one meaning; one that nobody reads would be lost in silence",
    "每个键都有确定含义；没人读取的键会被悄悄丢掉",
)


@frozen(kw_only=True)
class Unreadable(Problem):
    """A file that is not there or cannot be opened."""

    code = "P001"
    what = Text("cannot read {path}", "无法读取 {path}")
    why = Text("it is needed here, and it is {cause}", "此处需要该文件，但它{cause}")
    mend = Text("check the path, its spelling and its permissions", "请检查路径、拼写和访问权限")
    path: str
    cause: Text


@frozen(kw_only=True)
class TooLarge(Problem):
    """A file over the size that we read."""

    code = "P002"
    what = Text("the file is larger than {limit} MiB", "文件超过 {limit} MiB")
    why = Text(
        "a file of this kind is written by people; a huge one is a mistake or an attack",
        "这类文件由人编写；过大说明有误或是攻击",
    )
    mend = Text("split it, or move its data into data/*.json", "请拆分文件，或把数据移到 data/*.json")
    limit: int


@frozen(kw_only=True)
class NotUtf8(Problem):
    """Bytes that are not UTF-8."""

    code = "P003"
    what = Text(
        "the file is not UTF-8; from this byte on it looks like {guess}",
        "文件不是 UTF-8 编码；从该字节起看起来是 {guess}",
    )
    why = Text("the same bytes would read as other words elsewhere", "同样的字节在别处会被读成别的文字")
    mend = Text(
        "save it as UTF-8 without BOM (`iconv -f GB18030 -t UTF-8 OLD > NEW`)",
        "请另存为不带 BOM 的 UTF-8（`iconv -f GB18030 -t UTF-8 旧文件 > 新文件`）",
    )
    guess: str


@frozen(kw_only=True)
class ByteOrderMark(Problem):
    """A byte order mark at the start."""

    code = "P004"
    what = Text("the file begins with a byte order mark (BOM)", "文件以字节顺序标记（BOM）开头")
    why = Text(
        "tools that do not expect it take it for part of the first key", "不识别 BOM 的工具会把它当作第一个键的一部分"
    )
    mend = Text("save it as UTF-8 without BOM", "请另存为“UTF-8（无 BOM）”")


@frozen(kw_only=True)
class ControlCharacter(Problem):
    """A character that cannot be seen or that changes how the line is shown."""

    code = "P005"
    what = Text("invisible character {name}", "不可见字符 {name}")
    why = Text("what a reader sees and what the harness reads would differ", "人看到的内容会与程序读到的不同")
    mend = Text("delete it (a block scalar holds ordinary line breaks)", "请删除它（块标量中用普通换行）")
    name: str


@frozen(kw_only=True)
class FullWidth(Problem):
    """Full-width punctuation where YAML needs the ASCII character."""

    code = "P006"
    what = Text("full-width {found} is used as punctuation of YAML", "把全角 {found} 用作了 YAML 标点")
    why = Text(
        "YAML takes it for a letter, so this line says something else than it seems",
        "YAML 会把它当普通文字，该行的意思与看上去不同",
    )
    mend = Text(
        "write {replacement} instead; if it is meant as text, put the text in double quotes",
        "请改用半角 {replacement}；若确为正文，请给整段文字加英文双引号",
    )
    found: str
    replacement: str


@frozen(kw_only=True)
class Tab(Problem):
    """A tab where spaces are needed."""

    code = "P007"
    what = Text("a tab is used to indent", "用制表符缩进")
    why = Text("YAML indents with spaces only", "YAML 只能用空格缩进")
    mend = Text("replace the tab by two spaces", "请把制表符换成两个空格")


@frozen(kw_only=True)
class BadSyntax(Problem):
    """Text that is no YAML."""

    code = "P008"
    what = Text("this is not YAML: {detail}", "不符合 YAML 语法：{detail}")
    why = _UNREAD
    mend = Text("{hint}", "{hint}")
    detail: Text
    hint: Text


@frozen(kw_only=True)
class DuplicateKey(Problem):
    """The same key twice in one mapping."""

    code = "P009"
    what = Text(
        "key {key!r} stands here a second time; first on line {first}", "键 {key!r} 重复；首次出现在第 {first} 行"
    )
    why = Text("only one of the two would count, and nobody sees which", "两处只会有一处生效，而且看不出是哪处")
    mend = Text("delete one of them, or give it its own name", "请删除其中一处，或改用别的名称")
    key: str
    first: int


@frozen(kw_only=True)
class Anchor(Problem):
    """An anchor or alias."""

    code = "P010"
    what = Text("anchors and aliases are not allowed: {found}", "不允许使用锚点和别名：{found}")
    why = _UNSAFE
    mend = Text(
        "write the value out; quote it if it is text that begins with & or *",
        "请把值完整写出；若是以 & 或 * 开头的文字，请加引号",
    )
    found: str


@frozen(kw_only=True)
class Tag(Problem):
    """A tag."""

    code = "P011"
    what = Text("tags are not allowed: {found}", "不允许使用标签：{found}")
    why = _UNSAFE
    mend = Text("delete the tag; quote the value if it is text", "请删除标签；若值是文字，请加引号")
    found: str


@frozen(kw_only=True)
class MergeKey(Problem):
    """A merge key."""

    code = "P012"
    what = Text("merge keys (<<) are not allowed", "不允许使用合并键（<<）")
    why = _UNSAFE
    mend = Text("write the keys out", "请把各键完整写出")


@frozen(kw_only=True)
class SeveralDocuments(Problem):
    """A second document in one file."""

    code = "P013"
    what = Text("a second document begins here", "此处开始了第二个文档")
    why = Text("only one document is read from a file", "每个文件只读取一个文档")
    mend = Text("put it into a file of its own, or delete the line ---", "请移到单独的文件，或删除 --- 行")


@frozen(kw_only=True)
class TooDeep(Problem):
    """Nesting past the bound."""

    code = "P014"
    what = Text("nested deeper than {limit} levels", "嵌套超过 {limit} 层")
    why = Text("no file of ours needs it, and it can exhaust memory", "正常文件不需要这么深的嵌套，而且会耗尽内存")
    mend = Text("flatten it; look for a missing closing bracket", "请减少层次；检查是否缺少右括号")
    limit: int


@frozen(kw_only=True)
class NotFinite(Problem):
    """A number that is infinite, not a number, or beyond exact range."""

    code = "P015"
    what = Text("{text} is not a finite number in range", "{text} 不是有限的数值或超出范围")
    why = Text("no margin can be computed from it", "无法用它计算裕度")
    mend = Text(
        "write the real figure; leave the key out where there is no limit", "请写出实际数值；没有限值时不要写该键"
    )
    text: str


@frozen(kw_only=True)
class KeyNotText(Problem):
    """A list or mapping used as a key."""

    code = "P016"
    what = Text("a key must be a word, not a list or mapping", "键必须是一个词，不能是列表或映射")
    why = _CLOSED
    mend = Text("write `key: value`", "请写成 `键: 值`")


@frozen(kw_only=True)
class ExpressionStyle(Problem):
    """An expression in quotes, folded, or plain over several lines."""

    code = "P017"
    what = Text(
        "an expression is written on one line, plain or in single quotes, or as a block after |",
        "表达式应写在一行内（不加引号或用单引号），或写成 | 之后的块",
    )
    why = Text(
        "in this style its lines and columns would be lost, and no mistake in it could be shown",
        "这种写法会丢失行列位置，出错时无法指出在哪里",
    )
    mend = Text(
        "write `|` after the colon and the expression indented below", "请在冒号后写 `|`，并在下面缩进书写表达式"
    )


@frozen(kw_only=True)
class Directive(Problem):
    """A %YAML or %TAG directive."""

    code = "P018"
    what = Text("directives (%YAML, %TAG) are not allowed", "不允许使用指令（%YAML、%TAG）")
    why = Text("our files are YAML 1.2 with core types, always", "本项目的文件一律是 YAML 1.2 核心类型")
    mend = Text("delete the line", "请删除该行")


@frozen(kw_only=True)
class EmptyFile(Problem):
    """A file without a document."""

    code = "P019"
    what = Text("the file is empty", "文件为空")
    why = _UNREAD
    mend = Text("write its keys, or delete the file", "请写入内容，或删除该文件")


@frozen(kw_only=True)
class BadJson(Problem):
    """Text that is no JSON of the strict kind."""

    code = "P020"
    what = Text("this is not JSON: {detail}", "不符合 JSON 语法：{detail}")
    why = _UNREAD
    mend = Text("write strict JSON: double quotes, no comments, no NaN, no trailing comma, no key twice",
                "请写严格的 JSON：双引号、无注释、无 NaN、无尾随逗号、键不重复")  # fmt: skip
    detail: Text


@frozen(kw_only=True)
class UnknownKey(Problem):
    """A key that this kind of file does not have."""

    code = "P030"
    what = Text("unknown key {key!r}{suggestion}", "未知的键 {key!r}{suggestion}")
    why = _CLOSED
    mend = Text("known here: {known}", "此处可用：{known}")
    key: str
    suggestion: Text
    known: str


@frozen(kw_only=True)
class MissingKey(Problem):
    """A key that must stand here."""

    code = "P031"
    what = Text("key {key!r} is missing", "缺少键 {key!r}")
    why = Text("nothing is assumed for it: {title}", "该键没有默认值，必须写明")
    mend = Text("add `{key}: ...` to this mapping", "请在此映射中补上 `{key}: ...`")
    key: str
    title: str


@frozen(kw_only=True)
class WrongType(Problem):
    """A value of another type than the key has."""

    code = "P032"
    what = Text("{key!r} must be {expected}, not {found}", "{key!r} 应为{expected}，而不是{found}")
    why = Text("the value would be read as something else than was meant", "该值会被读成别的意思")
    mend = Text("{hint}", "{hint}")
    key: str
    expected: Text
    found: Text
    hint: Text


@frozen(kw_only=True)
class NotAllowed(Problem):
    """A word that is not on a closed list."""

    code = "P033"
    what = Text("{value!r} is not allowed for {key!r}{suggestion}", "{key!r} 不能取 {value!r}{suggestion}")
    why = Text("the list is closed, so that every report reads the same", "取值是封闭的，以保证各报告含义一致")
    mend = Text("one of: {allowed}", "可选：{allowed}")
    key: str
    value: str
    suggestion: Text
    allowed: str


@frozen(kw_only=True)
class BadForm(Problem):
    """Text that does not have the form that its key needs."""

    code = "P034"
    what = Text("{value!r} does not have the form of {key!r}", "{value!r} 不符合 {key!r} 的书写格式")
    why = Text("other files find it by this form", "其他文件依靠这种格式查找它")
    mend = Text("write it like {example}", "请仿照 {example} 书写")
    key: str
    value: str
    example: str


@frozen(kw_only=True)
class OutOfBounds(Problem):
    """A number, length or count outside its bounds."""

    code = "P035"
    what = Text("{key!r} is out of bounds: {found}", "{key!r} 超出范围：{found}")
    why = Text("outside these bounds the value means nothing", "超出范围的值没有意义")
    mend = Text("must be {bound}", "应满足：{bound}")
    key: str
    found: str
    bound: str


@frozen(kw_only=True)
class OutsideFolder(Problem):
    """A path that leaves its folder."""

    code = "P040"
    what = Text("{path!r} leaves the folder of its file", "{path!r} 超出了所在文件夹")
    why = Text(
        "what lies outside is not under the digest, and may be private", "文件夹之外的内容不在摘要之内，也可能涉密"
    )
    mend = Text("{hint}", "{hint}")
    path: str
    hint: Text


@frozen(kw_only=True)
class SymbolicLink(Problem):
    """A symbolic link in a pack."""

    code = "P041"
    what = Text("{path} is a symbolic link", "{path} 是符号链接")
    why = Text("what it points to can change while the digest does not", "链接目标可以改变而摘要不变")
    mend = Text("put a copy of the file in its place", "请放入文件的副本")
    path: str


@frozen(kw_only=True)
class ForbiddenReference(Problem):
    """A $ref that leaves the pack."""

    code = "P050"
    what = Text("$ref {reference!r} leaves the pack", "$ref {reference!r} 指向标准包之外")
    why = Text(
        "a schema that is fetched from elsewhere can change under a released version",
        "从别处取得的模式可能在版本发布后改变",
    )
    mend = Text(
        "refer to a file of the pack, to #/$defs/..., or to /vocabulary/...",
        "只能引用包内文件、#/$defs/... 或 /vocabulary/...",
    )
    reference: str


@frozen(kw_only=True)
class DanglingReference(Problem):
    """A $ref to nothing."""

    code = "P051"
    what = Text("$ref {reference!r} points to nothing", "$ref {reference!r} 没有指向任何内容")
    why = Text("the type of this value stays unknown", "无法得知该值的类型")
    mend = Text("check the file and the steps after #", "请检查文件名和 # 之后的路径")
    reference: str


@frozen(kw_only=True)
class CyclicReference(Problem):
    """A $ref that leads back to itself, or schemas that grow without bound."""

    code = "P052"
    what = Text("$ref {reference!r} leads back to itself or grows too large", "$ref {reference!r} 循环引用或展开过大")
    why = Text("input spaces and types are finite", "输入空间和类型必须是有限的")
    mend = Text("write the inner levels out, to the depth that occurs", "请按实际深度把内层写出来")
    reference: str


@frozen(kw_only=True)
class BadSchema(Problem):
    """A JSON Schema of a pack that is none, or whose annotations are malformed."""

    code = "P053"
    what = Text("at {where}: {detail}", "{where} 处：{detail}")
    why = Text("requests are generated and answers are judged by this schema", "请求由该模式生成，应答由该模式判定")
    mend = Text(
        "JSON Schema 2020-12 with the annotations of vocabulary.schema.json",
        "请按 JSON Schema 2020-12 及 vocabulary.schema.json 的注解书写",
    )
    where: str
    detail: Text


@frozen(kw_only=True)
class BadSite(Problem):
    """Site content that its schema refuses."""

    code = "P054"
    what = Text("site {site!r}, at {where}: {detail}", "场址数据 {site!r}，{where} 处：{detail}")
    why = Text("requests are built from it; each of them would be broken", "请求由它构成，否则每个请求都不符合")
    mend = Text("make it meet the schema of this kind of site", "请使其符合该类场址的模式")
    site: str
    where: str
    detail: str


@frozen(kw_only=True)
class StrayFile(Problem):
    """A file in a folder of which only YAML files are read."""

    code = "P042"
    what = Text(
        "{path} is not read: files of this folder end in .yaml", "{path} 不会被读取：此文件夹中的文件应以 .yaml 结尾"
    )
    why = Text("a rule that is not read would be missed by nobody", "没被读取的规则，不会有人发现它缺失")
    mend = Text("rename it, or move it out of the folder", "请改名，或移出该文件夹")
    path: str
