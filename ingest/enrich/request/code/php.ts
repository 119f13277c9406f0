/** PHP: its tags, variables, calls in all spellings, wrappers, settings, serialised objects. */
import { DATA, setOf } from '../data.ts'
import { type Add, HINT, SURE } from '../findings.ts'

const FUNCTIONS: ReadonlySet<string> = new Set([...setOf(DATA.php.functions), ...setOf(DATA.php.risky)])
const RISKY = setOf(DATA.php.risky)
const SPOKEN = setOf(DATA.php.spoken)
const SETTINGS = setOf(DATA.php.ini)
const isFunction = (name: string): boolean => FUNCTIONS.has(name) || SPOKEN.has(name)
const isRisky = (name: string): boolean => RISKY.has(name) || SPOKEN.has(name)
const SCRIPTED: ReadonlySet<string> = new Set(
  'alert confirm prompt eval settimeout setinterval setimmediate atob btoa unescape escape decodeuri decodeuricomponent encodeuri encodeuricomponent fetch parseint parsefloat requestanimationframe function execscript msgbox spawn spawnsync execfile execfilesync execsync fork buffer proxy'.split(
    ' ',
  ),
)

const COMMENTS = '(?:\\s|/\\*[sS]{0,60}?\\*/|#[^\\n]{0,60}\\n|//[^\\n]{0,60}\\n)*'
const CALL = new RegExp(`(^|[^\\w>$])\\\\?([a-z_]\\w{1,40})(${COMMENTS})\\(([^()]{0,300})(\\)?)`, 'gi')
const CALLS = 30

/** Mathematics and lists: max(a,b), count(*). */
const EVERYDAY = new Set(
  'abs ceil floor log max min exp pi pow sqrt tan sin round count date time range sort list split array rand format sql print file link system'.split(
    ' ',
  ),
)
/** The whole value is one call: name ( … ) with nothing around it. */
const whole = (value: string, add: Add): void => {
  const found = /^\s*@?\\?([a-z_]\w{1,40})\s*\(([\s\S]{0,400})\)\s*;?\s*$/i.exec(value)
  if (!found || /\)\s+\w+\s/.test(found[2]!)) return
  const name = found[1]!.toLowerCase()
  if (isFunction(name)) {
    const inside = found[2]!
    const prose =
      /^[^(]+\s\(/.test(value.trim()) &&
      (SPOKEN.has(name) || /[a-z]{3,} [a-z]{2,}/i.test(inside)) &&
      /^[\w ,.()-]+$/.test(inside)
    // max(a,b) and log(10) are mathematics as well.
    const own = !EVERYDAY.has(name) || /['"$`\\]|\w\s?\(/.test(inside)
    add('php_call', own && !prose ? SURE : HINT)
  } else if (SCRIPTED.has(name)) add('script_call', /\s\(/.test(value) ? HINT : SURE)
  else add('call', HINT)
}

const calls = (value: string, add: Add): void => {
  CALL.lastIndex = 0
  let found = CALL.exec(value)
  for (let n = 0; found && n < CALLS; n++, found = CALL.exec(value)) {
    const [all, left, name, gap, inside, close] = found as unknown as [string, string, string, string, string, string]
    const end = found.index + all.length
    CALL.lastIndex = end - inside.length - close.length
    const own = name.toLowerCase()
    if (!isRisky(own)) {
      if (gap.trim() !== '' && FUNCTIONS.has(own)) add('php_call', SURE)
      continue
    }
    if (/\/\*|#|\/\//.test(gap)) {
      add('php_call', SURE)
      break
    }
    if (gap !== '' && gap.trim() === '' && !value.includes(';')) continue
    const argument = inside.trim()
    const after = value.slice(end, end + 20).trimStart()[0]
    const begins =
      (found.index === 0 && left === '') ||
      /[;{}(@=,.!&|?:'"`>\n\r\\+-]/.test(left) ||
      (left === ' ' &&
        /(?:^|[;{}=,(|&]|print|echo|return|eval|if|<\?php|<\?=|<\?)\s*$/i.test(
          value.slice(Math.max(0, found.index - 20), found.index + 1),
        ))
    const goesOn = after === undefined || close === '' || /[;)}.,?|&'"`\]<>\-+*/=:#[]/.test(after)
    const coded = argument === '' || /['"$`\\]|^\w+\s*\(|^\d|::|__|<<<|^\w*$|[(|]|\/|^-/.test(argument)
    if (begins && goesOn && coded)
      add('php_call', SPOKEN.has(own) && !/['"$]/.test(argument) && !value.includes(';') ? HINT : SURE)
    else if (coded && goesOn && (own.includes('_') || own.length > 8)) add('php_call', SURE)
    else add('php_call', HINT)
  }
  if (/\b(?:eval|assert)\s*\(|(?:include|require)(?:_once)?\s*[(\s]\s*['"$]/i.test(value))
    add('code_eval', /['"$;)\d]/.test(value) ? SURE : HINT)
}

const CLOSERS: { readonly [sign: string]: string } = { ')': '(', ']': '[', '}': '{' }
const BACK = 200
/** ( … )( … ), '…'( … ), […][0]( … ): what is called is a text, or put together in brackets, or of signs. */
const computed = (value: string, add: Add): void => {
  let at = value.indexOf('(', 1)
  for (let n = 0; at >= 0 && n < 40; n++, at = value.indexOf('(', at + 1)) {
    const start = Math.max(0, at - BACK)
    const gap = value.slice(start, at).replace(/(?:\s|\/\*[^*]{0,100}\*\/|(?:#|\/\/)[^\n]{0,100}\n)+$/, '')
    const end = start + gap.length
    const blank = end !== at
    const last = value[end - 1] ?? ''
    const text = last === "'" || last === '"'
    let from = -1
    if (text) from = value.lastIndexOf(last, end - 2)
    else if (Object.hasOwn(CLOSERS, last)) {
      let depth = 0
      for (let j = end - 1; j >= 0 && end - j < BACK; j--) {
        if (value[j] === last) depth++
        else if (value[j] === CLOSERS[last] && --depth === 0) {
          from = j
          break
        }
      }
    }
    if (from < 0) continue
    const inner = value.slice(from + 1, end - 1)
    const name = inner.replace(/\/\*.*?\*\/|\W/g, '').toLowerCase()
    const comment = /\/\*|#|\/\//.test(value.slice(end, at))
    const done = /\)\s*;|\)\s*$/.test(value.slice(at))
    const before = value[from - 1] ?? ''
    if (/[\w$]/.test(before) && !comment && last === ')') {
      if (!blank && /;\s*$/.test(value)) add('call_of_call', SURE)
      continue
    }
    if (isFunction(name) && (!blank || comment || text || value.includes(';'))) add('call_by_text', SURE)
    else if (comment && /\w/.test(inner)) add('call_by_text', SURE)
    else if (last === ']' && !blank && (before === ']' || /^\s*['"$]/.test(inner))) add('call_by_text', SURE)
    else if (!blank && text && done && /^[\w\\]{2,60}$/.test(inner)) add('call_by_text', SURE)
    else if (!blank && last === ')' && done && /['"$^~.\\|&]/.test(inner) && /[a-z_$\\'"]/i.test(inner))
      add('call_by_text', /^\d*[.,\d ]*$/.test(inner) ? HINT : SURE)
    else if (!blank && last === ')' && done && before === '' && /^[a-z_]\w*$/i.test(inner))
      add('call_by_text', /;\s*$/.test(value) ? SURE : HINT)
    else if (last === '}' && !blank && inner.startsWith('$')) add('variable_call', SURE)
  }
}

/** The whole value is a member that is called, or an object that is made: a.b(…), new A(…). */
const member = (value: string, add: Add): void => {
  if (
    /^\s*(?:new\s+)?(?:[A-Za-z_$][\w$]*|\([^()]{0,40}\)|\[[^\]]{0,40}\]|\{\}|''|"")(?:(?:\?\.|\.|->|::)[A-Za-z_$][\w$]*|\[['"`][\w$]{1,40}['"`]\]){1,8}\s?\([\s\S]{0,400}\)\s*;?\s*$/.test(
      value,
    ) &&
    !/\.\w+\s\(|^\s*(?:www|https?)/.test(value)
  )
    add('member_call', SURE)
  else if (/^\s*(?:\(\s*)?new\s+\\?[A-Z$_][\w$.\\]*\([\s\S]{0,300}\)/.test(value)) add('member_call', SURE)
}

const SUPERGLOBAL =
  /\$\s*\{?\s*_?(?:_(?:GET|POST|REQUEST|COOKIE|SERVER|FILES|ENV|SESSION)|GLOBALS|HTTP_(?:GET|POST|COOKIE|SERVER|ENV|SESSION)_VARS|HTTP_POST_FILES|HTTP_RAW_POST_DATA|_?HTTP_\w+|argv|argc|php_errormsg|http_response_header|__(?:get|post|request|cookie|server|session|globals))\b/i
const variables = (value: string, add: Add): void => {
  if (SUPERGLOBAL.test(value)) add('php_superglobal', /\$\S*\s*[[({;)]|^\s*\$\S+$/.test(value) ? SURE : HINT)
  // $f(…), $a[0](…), $o->m(…), ${'f'}(…), $_[1](…)
  if (
    !value.includes('$(') &&
    /\$\{?[a-z_]\w*(?:\[[^\]]{0,60}\]|\{[^}]{0,60}\}|->\w+|\})*\s*(?:\/\*.{0,40}?\*\/\s*|#[^\n]{0,60}\n\s*)*\(/i.test(
      value,
    )
  )
    add('variable_call', SURE)
  if (/\$[a-z_]\w*\s*(?:\.|->|\[[^\]]*\])?\s*[.^|&~+-]?=(?!=)\s*(?:\$|['"(\w[~!])/i.test(value) && /[;(]/.test(value))
    add('php_assignment', value.includes(';') ? SURE : HINT)
  if (/\$\{\s*(?:@?[a-z_]\w*\s*\(|@?print|@?eval|\$)/i.test(value)) add('php_complex_variable', SURE)
  // $$a, ${$a}, ${'a'.'b'}, $ $a, ${"GLOBALS"}: a variable named by another, or by a text
  if (/\$\s?\$[a-z_{]|\$\s*\{\s*(?:['"\\]|\$)|\$\$\{/i.test(value)) add('variable_variable', SURE)
  // $_=[]; $_++; names of signs only, and functions made by ^ | ~ of texts
  if (/\$_{1,20}\s*(?:=|\+\+|\[|\()|\$\{['"`][^\w'"`]{1,20}['"`][\^|&]/.test(value)) add('code_of_signs', SURE)
}
/** '…'^'…', ~'…', (%9b…): texts whose bits make the name of a function. */
const SIGNS =
  /(['"])[^'"]{1,40}\1(?:\s*\^\s*|[|&])(['"])[^'"]{1,40}\2|\(\s*~\s*['"(]?[^\w\s)]{2,40}['"]?\s*\)|\$\{~['"]/

const OBJECT =
  /(?:^|[;:{"'])(?:[OC]:\+?\d+:\\?["'][\w\\]{1,80}\\?["']:\+?\d+:|E:\d+:\\?["'][\w\\:]+|a:\+?\d+:\{(?:[isbdaONR]:|\}))/
const WRAPPER =
  /(?:^|[\s'"=,(|>:])(?:php|phar|zip|expect|glob|ogg|rar|ssh2(?:\.\w+)?|zlib|compress\.(?:zlib|bzip2)|bzip2|data|zend|pharphp|input|filter|convert\.\w+):\/\//i
const JOINED = /^\s*(['"])[\w\\]{1,40}\1\s*\.\s*(['"])[\w\\]{1,40}\2/

export const php = (value: string, add: Add): void => {
  if (value.includes('(')) {
    if (/[.\]]|new|->|::/.test(value)) member(value, add)
    if (/[)\]}'"]\s*(?:\/|#|\()/.test(value)) computed(value, add)
    whole(value, add)
    calls(value, add)
  }
  if (JOINED.test(value)) add('joined_text', SURE)
  if (
    /<\?(?!xml\s+[a-z]+\s*=|xml-stylesheet\s)|\[\/?php\]|\[\\php\]|<script\s+language\s*=\s*['"]?php|<%=?\s*(?:eval|system|phpinfo)/i.test(
      value,
    )
  )
    add('php_tag', SURE)
  if (value.includes('?>') && !/<\?xml/i.test(value)) add('php_tag', SURE)
  if (value.includes('$')) variables(value, add)
  if (/[~^|&]/.test(value) && SIGNS.test(value)) add('code_of_signs', SURE)
  if (/\b(?:include|require)(?:_once)?\s*['"][^'"]{2,}['"]|\b(?:include|require)(?:_once)?\s*\(?\s*\$\w/i.test(value))
    add('code_eval', /\/|;|\$/.test(value) ? SURE : HINT)
  if (value.includes(':') && OBJECT.test(value)) add('php_object', SURE)
  if (value.includes('://') && WRAPPER.test(value)) add('php_wrapper', SURE)
  const setting = /(?:^|[\s;&?-]d?\s*|-d\s*)([a-z_]+(?:\.[a-z_]+)*)\s*=\s*\S/i.exec(value)?.[1]
  if (setting && SETTINGS.has(setting.toLowerCase())) add('php_setting', SURE)
}

/** Names of functions that sites use for fields and modules of their own. */
const HOMELY =
  /^(?:session_id|session_start|session_name|array_\w+|error_log|str_\w+|print_r|mail|set_time_limit|is_\w+|file_exists|date_\w+|image_\w+|user_\w+|url_\w+|list_\w+|text_\w+|key_\w+|number_format|preg_quote|mb_\w+|net_\w+|class_\w+|token_\w+|cal_\w+|get_(?:class|object|browser|html)\w*|gettext|locale_\w+|header_\w+|hash_\w+|http_\w+|html_\w+|image\w+|date\w*|time\w*|log\w*|sys_\w+|apc_\w+|trigger_error|func_\w+|swf_\w+|pdf_\w+|ps_\w+|id3_\w+|udm_\w+|cpdf_\w+|fdf_\w+|vpopmail_\w+|dom_\w+|newt_\w+)$/
/** Alone only attacks send them. */
const LONELY: ReadonlySet<string> = new Set(
  [...RISKY].filter(
    (name) =>
      name.length > 5 &&
      !SPOKEN.has(name) &&
      !/^(?:session_|array_|str_|is_|print|filter_|mysql|require|include|serialize|header|touch|sprintf|printf|openlog|closure|strtolower|strtoupper|substr_|highlight_|basename|gettype|sqlite3|imagick|ziparchive|getimagesize|filesize|filetype|gethostname)/.test(
        name,
      ),
  ),
)
/** The bare name of a function, as the whole value. */
export const phpName = (value: string, add: Add): void => {
  // Numbers, dates and short words are no names of functions.
  if (value.length > 60 || value.length < 4 || !/[a-z]{4}|_/i.test(value)) return
  const words = value.trim().split(/\s+/, 4)
  if (words.length > 3) return
  for (const part of value.toLowerCase().split(/\W+/, 6)) {
    if (LONELY.has(part)) add('php_name', SURE)
    else if (part.includes('_') && FUNCTIONS.has(part) && !HOMELY.test(part))
      add('php_name', part.length > 7 ? SURE : HINT)
  }
}
/** A parameter named like a setting of PHP. */
export const setting = (name: string, add: Add): void => {
  if (SETTINGS.has(name.toLowerCase().replace(/^-d\s*/, '')))
    add('php_setting', name.includes('_') && name.length > 8 ? SURE : HINT)
}
