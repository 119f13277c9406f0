/** Paths and files: climbing out of a folder, files of the system, files that nobody means to publish, targets of scanners. */
import { anyOf, DATA, finderOf, listOf, setOf } from './data.ts'
import { type Add, HINT, SURE } from './findings.ts'

const ETC = listOf(DATA.files.etc)
const UNIX = listOf(DATA.files.unix)
/** Behind etc/: the longest name that stands there. */
const etcAt = finderOf(
  ETC.map((name) => name.toLowerCase()),
  3,
)
const unixAt = finderOf(UNIX, 4)
const WINDOWS = new RegExp(
  `(?:^|[\\\\/:\\0])(?:${listOf(DATA.files.windows)
    .map((name) =>
      name
        .replace(/[.*+?^${}()|[\]\\-]/g, '\\$&')
        .replaceAll('/', '[\\\\/]{1,3}')
        .replaceAll('_', '[ _+]'),
    )
    .join('|')})`,
  'i',
)
const NAMES = setOf(DATA.files.names)
const ENDS = setOf(DATA.files.ends)
const SOFT = setOf(DATA.files.soft)
const ARCHIVES = setOf(DATA.files.archives)
const ARCHIVE_NAMES = setOf(DATA.files.archiveNames)
const SHELLS = setOf(DATA.files.shells)
const SOFT_TARGETS = setOf(DATA.files.softExploits)
const targetAt = finderOf(listOf(DATA.files.exploits), 3)
const DOT = new RegExp(
  `(?:^|[\\\\/])\\.(?:${anyOf(listOf(DATA.files.dot))})(?=$|[\\\\/._~-]|history|rc|profile|access|passwd|config|ignore)`,
  'i',
)
const CODE = /\.(?:php\d?|phtml|phar|pht|aspx?|ashx|asmx|ascx|jspx?|jspf|jhtml|cfm|cfc|cgi|pl|do|action|rb|py)$/i

/** Climbing in a value or path, and how it was written. */
export const traversal = (raw: string, once: string, deep: string, inPath: boolean, add: Add): void => {
  if (deep.includes('0x2') && /(?:\.\.|(?:0x2e){2})(?:0x(?:2f|5c)|[\\/{])/i.test(deep)) add('traversal_encoded', SURE)
  if (!deep.includes('..') && !once.includes('..')) return
  if (!inPath && /^\/?[^\s.]{0,400}\.{6,}[\w{-]+[\w.}-]*$/.test(deep))
    add('traversal_stripped', /\.{8,}|(?:etc|web-?inf|win|boot|passwd|conf)/i.test(deep) ? SURE : HINT)
  const steps = deep.match(/\.{2,6}(?:[;\x00]?[\\/]|\{)/g)?.length ?? 0
  if (steps === 0 && !/(?:^|[\\/=:,;?\x00]|\.)\.{2,6}[;\x00\x20]?(?:[\\/]|%|$)/.test(deep)) return
  if (steps > 0) {
    const coded = (inPath ? /%(?:25)*(?:2e|2f|5c)/i : /%(?:25)*(?:2e|5c)|%(?:25)+2f/i).test(raw)
    const odd = /%(?:25)*(?:c0|c1|e0|u002e|u2215|u2216|00|u2f|u005c|uff0e|uff0f)|0x2[ef]|\\x2e|\\u002e/i.test(raw)
    if (coded || odd) add('traversal_encoded', SURE)
    if (/\.{3,6}[\\/]|\.\.;[\\/]|\.\.[\\/]{2,}|\.\.\x00/.test(deep)) add('traversal_hidden', SURE)
  }
  if (deep.includes('..\\')) add('traversal_backslash', SURE)
  if (steps >= 2) add('traversal', inPath || steps >= 3 || /^\W*\.\./.test(deep) || CODE.test(deep) ? SURE : HINT)
  else if (steps === 1) {
    const config =
      !inPath &&
      /^\W*\.\.[\\/].*\.(?:php\d?|inc|ini|conf|cfg|env|ya?ml|xml|log|aspx?|jsp|config|sql|bak|sh|py|pl|key|pem|htaccess|htpasswd)$/i.test(
        deep,
      ) &&
      !/(?:index|default|home|main)\.\w+$/i.test(deep)
    add('traversal', (inPath && deep.startsWith('/../')) || config ? SURE : HINT)
  } else if (/[\\/]\.\.$/.test(deep) || deep === '..') add('traversal', deep.includes('\\') ? SURE : HINT)
}

const isLetter = (c: number): boolean => (c >= 97 && c <= 122) || (c >= 48 && c <= 57) || c === 95
/** A name of the lists ends where it stands: "/etc/hosts", not "/etc/hostsfile". */
const endsAt = (text: string, end: number): boolean => {
  const last = text.charCodeAt(end - 1)
  return last === 47 || !(text.charCodeAt(end) >= 97 && text.charCodeAt(end) <= 122)
}
/** Five words and more, no climbing and no sign of a shell. */
const isProse = (text: string): boolean => text.trim().split(/\s+/, 6).length > 4 && !/\.\.\/|[;|`<]/.test(text)

/** Folders that web sites have of their own. */
const COMMON =
  /^\/(?:home|mnt|root\/$|sbin|srv|usr\/(?:share|lib|home|include|src)|var\/(?:lib|www|cache|run|local|opt)|data|applications|library|logs|php|mysql|apache|opt|users|system|boot|lib|bin)/
/** How sure it is that a path of the lists begins at a slash of the text. */
const unixFile = (lower: string, inPath: boolean): { readonly name: string; readonly at: number } | undefined => {
  for (let at = lower.indexOf('/'), n = 0; at >= 0 && n < 40; at = lower.indexOf('/', at + 1), n++) {
    if (
      inPath ? false : at > 0 && (isLetter(lower.charCodeAt(at - 1)) || lower[at - 1] === '.') && !lower.includes('..')
    )
      continue
    if (lower.startsWith('/etc/', at)) {
      const name = etcAt(lower, at + 5)
      if (name !== undefined && endsAt(lower, at + 5 + name.length)) return { name: `/etc/${name}`, at }
    }
    const name = unixAt(lower, at)
    if (name === undefined || name === '/etc/' || !endsAt(lower, at + name.length)) continue
    if (!inPath) return { name, at }
    // In the path itself only what no site calls its own folders, from its beginning or behind a step up.
    if (
      /^\/(?:proc|sys|dev|etc|var\/(?:log|adm|spool|mail|backups|run\/secrets|lib\/(?:mysql|dpkg|docker|kubelet|jenkins))|root\/\.|boot\/|private\/etc|run\/secrets|\.docker(?:env|init))/.test(
        name,
      ) &&
      (at === 0 ||
        /\.\.|\/\/|;/.test(lower.slice(0, at)) ||
        /^\/(?:proc|etc|sys\/(?:class|kernel|devices|firmware))/.test(name))
    )
      return { name, at }
  }
  return undefined
}
const BARE =
  /(?:^|[^\w.-])(etc|proc|var\/(?:log|www|run|mail|spool|lib|db|backups|cache|adm|tmp)|usr\/(?:local|bin|sbin|lib|share|pkg)|root\/\.\w|s?bin\/(?:ba|z|k|c|tc|da)?sh|boot\/(?:grub|vmlinuz)|dev\/(?:tcp|udp|fd|shm|null|zero|random|mem|std)|sys\/(?:class|kernel|devices|firmware|module))(?![a-z])\/?/
/** A sign of it: most values need no more than this. */
/** Of a path every one has slashes: only names that the lists have in a path. */
const MAY_BE_PATH =
  /etc|proc\/|\/(?:sys|dev|var|root|boot|run|private)\/|\.docker|(?:web|meta)-inf|win\.ini|boot\.ini|windows|winnt|system|inetpub|\\|file:\//i
const MAY_BE_FILE = /[/\\]|win\.ini|boot\.ini|etcpasswd|windows|winnt|web-?inf/i

export const systemFile = (deep: string, inPath: boolean, add: Add): void => {
  if (!(inPath ? MAY_BE_PATH : MAY_BE_FILE).test(deep)) return
  const lower = deep.toLowerCase()
  if (lower.includes('/')) {
    const link = /^https?:/.test(lower)
    const found = unixFile(lower, inPath)
    if (found && !(link && COMMON.test(found.name) && !inPath && /^https?:\/\/[^/]+\//.test(lower))) {
      const vague =
        COMMON.test(found.name) &&
        !lower.includes('..') &&
        (link || !/^\W*\//.test(lower) || /^\/(?:data|logs|users|library|applications|home|srv)/.test(found.name))
      add(
        'system_file',
        (!inPath && isProse(deep)) || vague || (link && !lower.includes('..') && !/^\/(?:etc|proc)\//.test(found.name))
          ? HINT
          : SURE,
      )
    }
    if (!inPath && !found) {
      const bare = BARE.exec(lower)
      if (bare && !link) {
        const rest = lower.slice(bare.index + bare[0].length)
        const named =
          bare[1] === 'etc'
            ? etcAt(rest, 0) !== undefined
            : bare[1] === 'proc'
              ? unixAt(`/proc/${rest}`, 0) !== undefined || /^\d+\//.test(rest)
              : true
        if (named)
          add(
            'system_file',
            isProse(deep) ||
              (!/^\W*(?:etc|proc|var|usr|root|bin|sbin|boot|dev|sys)\//.test(lower) && !/\.\.|\x00|=/.test(lower))
              ? HINT
              : SURE,
          )
      }
    }
    if (/(?:^|\/)(?:web-inf|meta-inf)(?:\/|$)/.test(lower)) add('system_file', SURE)
    if (/\/proc\/\d{1,7}\/(?:cmdline|environ|maps|fd|status|stat|root|cwd|exe|mounts|mem|net)/.test(lower))
      add('system_file', SURE)
  }
  if (/(?:etc|windows|winnt|web-?inf)[\\/]?(?:passwd|shadow|win\.ini|web\.xml|system32)/.test(lower))
    add('system_file', SURE)
  if (
    /[.\\]|windows|winnt|inetpub|system32/.test(lower) &&
    WINDOWS.test(lower.replace(/^[a-z]:/, '/')) &&
    (!inPath || /\\|\.\.|(?:win|boot|system)\.ini|system32|winnt|windows\//.test(lower))
  )
    add('system_file', /\\|\.\.|:|(?:win|boot|system)\.ini|system32|winnt|windows/.test(lower) ? SURE : HINT)
  if (lower.includes('file:/') && /(?:^|[\s'"=(,:])file:\/{1,3}/.test(lower)) add('file_scheme', SURE)
}

/** A value that names a hidden file of a user or program. */
export const dotValue = (deep: string): boolean => DOT.test(deep)

const backup = (name: string, depth: number, add: Add): void => {
  const parts = name.split('.')
  const last = parts.at(-1)!
  if (/[^/]~\d?$/.test(name) || /^#.*#$/.test(name)) {
    add('backup_file', SURE)
    return
  }
  if (parts.length < 2) return
  const inner = parts.slice(0, -1)
  const coded = inner.some((part) =>
    /^(?:php\d?|phtml|aspx?|jspx?|config|inc|xml|sql|html?|js|json|ini|env|yml|conf|cgi|py|rb|css|do|cfm|asa|pl|gif|jpe?g|png|svg|ico|txt|pdf|swf|docx?|xlsx?)$/.test(
      part,
    ),
  )
  if (ENDS.has(last) || (parts.length > 2 && ENDS.has(parts.slice(-2).join('.'))))
    add('backup_file', coded || !SOFT.has(last) ? SURE : HINT)
  else if (ARCHIVES.has(last) && !name.startsWith('sitemap')) {
    const stem = parts[0]!.replace(/[-_]?\d[\d_-]*$/, '')
    const sql = parts.includes('sql')
    if (sql || coded || ARCHIVE_NAMES.has(stem) || ARCHIVE_NAMES.has(parts[0]!))
      add('backup_file', depth <= 2 || sql || coded ? SURE : HINT)
  }
  if (/^(?:copy of |copy_of_|copy%20of|kopie|old_|bak_|backup_|_)/.test(name) && CODE.test(name))
    add('backup_file', name.startsWith('_') ? HINT : SURE)
  if (CODE.test(name) && SHELLS.has(parts[0]!))
    add(
      'web_shell',
      /^(?:up|doc|moon|small|rev|mar|lock360|about1|radio|ninja|king|mini|door|0x|x|fox|spy|sym|cmd|exec|reverse|tunnel|remview|mailer|uploader|byp|doc)$/.test(
        parts[0]!,
      )
        ? HINT
        : SURE,
    )
  if (
    parts.length > 2 &&
    /^(?:jpe?g|png|gif|ico|bmp|webp|svg)$/.test(last) &&
    /^(?:php\d?|phtml|jsp|aspx?|cgi)$/.test(parts.at(-2)!)
  )
    add('double_extension', SURE)
  if (parts.length > 2 && /^(?:jpe?g|png|gif|pdf|txt|docx?|zip|ico|bmp|webp)$/.test(parts.at(-2)!) && CODE.test(name))
    add('double_extension', SURE)
  if (/\.(?:php\d?|phtml|aspx?|jspx?|cfm|inc|asa|config)(?:::\$data|\s+|\.+|\+|%20|\\|%2e|\x00)$/.test(name))
    add('source_disclosure', SURE)
}

/** A request for a file that no site means to publish, by the kind of its name; or for what scanners look for. */
export const privateFile = (path: string, add: Add): void => {
  const lower = path.toLowerCase()
  for (let i = lower.indexOf('/.'); i >= 0; i = lower.indexOf('/.', i + 2)) {
    const next = lower[i + 2]
    if (next === undefined || next === '.' || next === '/' || lower.startsWith('/.well-known', i)) continue
    add('dot_file', SURE)
    break
  }
  const parts = lower.split('/', 40)
  const name = parts.at(-1)!
  if (name === '') {
    if (/\/(?:\.git|\.svn|cvs)\//.test(lower)) add('dot_file', SURE)
  } else {
    if (NAMES.has(name) || NAMES.has(parts.slice(-2).join('/'))) {
      const homely =
        /^(?:makefile|dockerfile|package(?:-lock)?\.json|composer\.json|test\.php|update\.php|install\.php|setup\.php|info\.php|web\.xml|config\.(?:ya?ml|js|json|xml|php)|access_log|error_log|upgrade|readme.*|environment\.ts|app\.yaml|settings\.(?:json|xml|php)|users\.(?:json|xml|csv)|angular\.json|server\.xml|context\.xml|pom\.xml|build\.xml|main\.inc|trace\.axd|tsconfig\.json|data\.db|php\.php|i\.php|core|user\.txt|users\.txt|requirements\.txt|manage\.py|setup\.py|elmah)$/
      add(
        'private_name',
        homely.test(name) && parts.length > (/makefile|_log|pom|tsconfig|angular/.test(name) ? 2 : 3) ? HINT : SURE,
      )
    }
    backup(name, parts.length - 1, add)
    if (
      CODE.test(name) &&
      /\/(?:uploads?|wp-content\/uploads|userfiles|attachments?|tmp|temp|avatars?|wp-content\/cache)\/[^?]*$/.test(
        lower,
      )
    )
      add(
        'script_in_upload',
        /\.(?:do|action|cfm|rb|py)$|^(?:default|index|home|view|download)\b/.test(name) ? HINT : SURE,
      )
  }
  for (let at = 0; at >= 0; at = lower.indexOf('/', at + 1)) {
    const target = targetAt(lower, at)
    if (target === undefined) continue
    const end = at + target.length
    const whole =
      target.endsWith('/') ||
      /[=?]/.test(target) ||
      lower.charCodeAt(end) < 97 ||
      lower.charCodeAt(end) > 122 ||
      Number.isNaN(lower.charCodeAt(end))
    if (whole) add('known_target', SOFT_TARGETS.has(target) || (at > 0 && !/[.?=]/.test(target)) ? HINT : SURE)
  }
}
