/** Code of server languages: PHP, Java, .NET, Python, Ruby, Perl, Node; templates; serialised objects; loops without end. */
import { LONGEST } from '../bounds.ts'
import { anyOf, DATA, listOf } from '../data.ts'
import { type Add, HINT, SURE } from '../findings.ts'
import { php } from './php.ts'
import { templates } from './templates.ts'

const JAVA = new RegExp(`(?:^|[^\\w.])(?:${anyOf(listOf(DATA.code.java))})\\s*[.)]`, 'i')
const JAVA_CLASS = new RegExp(`\\b(?:${anyOf(listOf(DATA.code.javaClass))})\\b`, 'i')
const JAVA_CALL = new RegExp(`\\.\\s*(?:${anyOf(listOf(DATA.code.javaCall))})\\s*\\(|@java|getClass\\s*\\(\\)`, 'i')
const DOTNET = new RegExp(`\\b(?:${anyOf(listOf(DATA.code.dotnet))})\\b`, 'i')
const PYTHON = new RegExp(`(?:^|[^\\w])(?:${anyOf(listOf(DATA.code.python))})(?![\\w])`, 'i')
const RUBY = new RegExp(`\\b(?:${anyOf(listOf(DATA.code.ruby))})\\b\\s*[(\\s'"%\`.]`, 'i')
const NODE = new RegExp(`(?:^|[^\\w])(?:${anyOf(listOf(DATA.code.node))})\\b`, 'i')
const NODE_CALL =
  /\brequire\s*\(\s*['"`\\]|\brequire\s*`|import\s*\(\s*['"`]|_\$\$ND_FUNC\$\$_|__js_function|\bmodule\.exports\s*=|\bnew\s+Function\s*\(|\bFunction\s*\(\s*['"`]?|\bprocess\s*\[|\bglobal(?:This)?\s*\[|child_process|\bspawn(?:Sync)?\s*\(\s*['"`]|\bexec(?:Sync|File|FileSync)?\s*\(\s*['"`]/i
const PROTOTYPE =
  /__proto__|(?:constructor|\bprototype)\s*(?:\.|\[|\]\s*\[|\]\.)\s*['"]?(?:prototype|constructor)|__(?:define|lookup)[GS]etter__/
const SERIALIZED =
  /rO0AB[A-Za-z0-9+/]{3}|\xac\xed\x00\x05|aced0005|H4sIAAAA|AAEAAAD\/{4,}|\bgASV|gAJ[a-zA-Z]|!!(?:python|java|javax|perl|ruby)\b|!ruby\/|<java(?:\s+version|>)|<(?:sorted-set|dynamic-proxy|object-stream|tree-map|map>\s*<entry)\b|TypeObject|"\$type"\s*:|"@type"\s*:|BAh[7bvVI]|"rce"\s*:\s*"_\$\$|\bYTo\d|\bTzo\d|"__type"\s*:|\bcos\nsystem|\bcposix\n|\bc__builtin__/
const LOOPS =
  /while\s*\(\s*(?:true|1|!0|!!\w|\d+)[^)]{0,40}\)|for\s*\(\s*;[^)]{0,40}\)|do\s*\{[^}]{0,60}\}\s*while\s*\(|while\s*\(\s*(?:['"\w\s!=<>.+()-]{1,60})\)\s*(?:\{|;|\w)|for\s*\(\s*;\s*;/i
const PERL =
  /(?:^|\W)(?:qx|qw|q[qr]?)\s*(?:\{|\(|\/|\|)[^})]{1,80}|@\{\s*\[|@\{\[|\bprint\s+<\w*>|\bopen\s*\(\s*\w+\s*,|%x[{([<|]|`[^`]{2,80}`\s*;|\bIO::|Open3|\buse\s+(?:IO|POSIX|Socket)\b/
const PERL_SURE = /@\{\s*\[|%x[{([]|qx|print\s+</

/** What languages let pass between the parts of a name: comments, blanks around dots and brackets, texts that are joined. */
export const fold = (value: string): string => {
  if (!/\/\*|\/\/|['"`]\s*[+.]\s*['"`]|\s[.([]|[.(]\s|\[['"`]/.test(value)) return value
  const plain = value.includes('\n') ? value.replace(/(^|[^:])\/\/[^\n]{0,200}\n/g, '$1') : value
  return plain
    .replace(/\/\*[\s\S]{0,200}?\*\//g, '')
    .replace(/(['"`])\s*[+.]\s*\1/g, '')
    .replace(/\[\s*(['"`])([\w$]{1,60})\1\s*\]/g, '.$2')
    .replace(/(?:\s+\??|\s*\?)\.\s*(?=[A-Za-z_$])/g, '.')
    .replace(/([\w$\])])[\r\n\t]+\(/g, '$1(')
}

const dotted = (value: string, add: Add): void => {
  if (JAVA.test(value))
    add(
      'java_class',
      /[(@$#]|\w\.\w+\.\w+/.test(value) && !/^\W*[\w.]+(?:Exception|Error)\b[^(]*$/.test(value) ? SURE : HINT,
    )
  if (DOTNET.test(value)) add('dotnet_class', SURE)
  if (/[(@]/.test(value)) {
    if (JAVA_CLASS.test(value) && JAVA_CALL.test(value)) add('java_call', SURE)
    else if (
      /\.\s*(?:getRuntime|getClass|forName|getDeclared\w+|getEngineByName|defineClass|newInstance|getMethod)\s*\(/.test(
        value,
      )
    )
      add('java_call', SURE)
  }
  if (RUBY.test(`${value} `))
    add('ruby_call', /[('"`%]/.test(value) || value.trim().split(/\s+/).length <= 2 ? SURE : HINT)
  if (NODE.test(value))
    add(
      'node_module',
      /console\.|buffer\.|process\.(?:env|version|exit|title|pid)|object\.|array\.|string\./i.test(value) &&
        !/[(;'"[]/.test(value) &&
        /\s/.test(value)
        ? HINT
        : SURE,
    )
}

const languages = (value: string, add: Add): void => {
  if (/[<$(:[=|?~^'"]/.test(value)) php(value, add)
  if (/[{%[(#@<?]|classloader|:/i.test(value)) templates(value, add)
  if (value.includes('.')) dotted(value, add)
  if (/\b(?:lipsum|cycler|joiner|namespace|get_flashed_messages|url_for)\s*(?:[(|[]|\.\w)/.test(value))
    add('python_object', HINT)
  if (/[._]/.test(value) && PYTHON.test(value) && (/__\w+__/.test(value) || /[(.[]/.test(value)))
    add(
      'python_object',
      /__(?:init|dict|code|name|file|doc|module|call|new|enter|exit)__/.test(value) && !/[.[(]/.test(value)
        ? HINT
        : SURE,
    )
  if (NODE_CALL.test(value)) add('node_module', SURE)
  if (PROTOTYPE.test(value)) add('prototype', SURE)
  const loop = /\bwhile\s*\(([^)]{0,200})\)?/i.exec(value)
  if (
    loop &&
    (/[\d'"`![\]{}=<>&|+/*~-]|\btrue\b/i.test(loop[1]!) ||
      /while\(/i.test(value) ||
      /\)\s*[{;]/.test(value.slice(loop.index)))
  )
    add('loop', SURE)
  if (/while|for/i.test(value) && LOOPS.test(value)) add('loop', SURE)
  if (/[({[`]/.test(value) && PERL.test(value)) add('perl_or_ruby_code', PERL_SURE.test(value) ? SURE : HINT)
  if (SERIALIZED.test(value)) add('serialized_object', SURE)
}

export const code = (text: string, add: Add): void => {
  const value = text.length > LONGEST ? text.slice(0, LONGEST) : text
  languages(value, add)
  const folded = fold(value)
  if (folded !== value) languages(folded, add)
}
