/** What hides a word from a filter and not from a shell: quotes, backslashes, carets, empty expansions, blanks by variable. */

export interface Undone {
  readonly text: string
  /** Something was hidden. */
  readonly hidden: boolean
}

const BLANKS =
  /\$\{?IFS(?:[^}\s]{0,20}\})?(?:\$[0-9@*])?|\$\{IFS\}|\\\r?\n|%(?:programfiles|commonprogramfiles|psmodulepath)(?:\(x86\))?:~\d+,1%/gi
const EMPTY =
  /\$(?:\{[@*#!?$-]?\}|[@*!](?!\w)|[0-9](?![0-9.])|\{[A-Za-z_]\w{0,20}\}|\(\)|\{[@*][^}]{0,20}\}|[A-Za-z_]\w{0,20}(?=[a-z/]*\/))|`\s*`|\$\(\s*\)|\$'\\[0']'|%[a-z]+:~\d+,\d+%/gi

export const undo = (text: string): Undone => {
  if (!/["'\\^$`%]/.test(text)) return { text, hidden: false }
  const plain = text.replace(BLANKS, ' ').replace(EMPTY, '')
  const unquoted = plain.replace(/\$?(['"])([^'"]{0,40})\1/g, '$2').replace(/["'](?=\w)|(?<=\w)["']/g, '')
  const quotes = unquoted !== plain && /\w(?:''|""|'[^'\s]{1,3}'|"[^"\s]{1,3}")\w?|\w["']\w/.test(plain)
  const bare = unquoted
    .replace(/\\(?=[A-Za-z/.$-])/g, '')
    .replace(/\^(?=[A-Za-z])/g, '')
    .replace(/(?<=[A-Za-z])`(?=[A-Za-z])/g, '')
  const escaped = bare !== unquoted && /\w[\\^`]\w/.test(unquoted) && !/[a-z]:\\/i.test(unquoted)
  return { text: bare, hidden: plain !== text || quotes || escaped }
}
