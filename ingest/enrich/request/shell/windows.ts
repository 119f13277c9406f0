/** cmd.exe and PowerShell. */
import { type Add, SURE } from '../findings.ts'
import { ALIASES, WINDOWS_VARIABLE } from './names.ts'

const FOR =
  /(?:^|\W)for\s*(?:\/[dlrf]\s*(?:"[^"]{0,200}"|[^\s%]{1,200})?\s*)?%{1,2}[^\s(]{1,20}\s+in\s*\(|(?:^|\W)for\s*\/[dlrf]\s+\S/i
const IF =
  /(?:^|\W)if\s*(?:\/i\s*)?\s(?:\s*not\s+)?\s*(?:\(?(?:exist\s+\S+\s+\S|defined\s+\w+\s+\S|errorlevel\s+\d|cmdextversion\s+\d)|(?:"[^"]{0,60}"|\([^)]{0,60}\)|\[[^\]]{0,60}\]|[^\s=()]{1,60})\s*(?:={2,3}|\b(?:equ|neq|lss|leq|gtr|geq)\b)\s*\S)/i
const COMMANDS = [
  // cmd /c, and cmd with its switches in any order
  /\bcmd(?:\.exe)?\s*(?:\/[a-z](?::\w+)?\s*)*\/[ckr]|\bpowershell(?:\.exe)?\s+[-/&{]|\bpwsh\s+-/i,
  /(?:^|\s)-(?:e(?:nc(?:odedcommand)?)?|ep|exec(?:utionpolicy)?|nop(?:rofile)?|noni(?:nteractive)?|sta|w(?:indowstyle)?\s+h(?:idden)?)\s+(?=\S*[A-Z0-9+/=]{16}|bypass|unrestricted|-|hidden|$)/i,
  /\bnet1?\s+(?:user|localgroup|view|share|use|start|stop|accounts|group|session|config|statistics|time|file)\b(?:\s+(?:\/|\w)|$)/i,
  /\[(?:system\.)?(?:convert|text\.encoding|io\.\w+|reflection\.\w+|net\.\w+|diagnostics\.process|environment|activator|char|byte\[\]|scriptblock|runtime\.\w+(?:\.\w+)*|management\.automation\.\w+|appdomain|array|math|string)\](?:::|\s*\(|\s*\d|\s*0x)/i,
  /\bnew-object\s+\S|\bdownload(?:string|file|data)\s*\(|\bstart-(?:process|job|sleep|bitstransfer)\b|invoke-(?:expression|webrequest|restmethod|command|item|wmimethod|cimmethod)/i,
  /\breg\s+(?:query|add|delete|save|export|import|copy|load)\s|\bsc\s+(?:\\\\\S+\s+)?(?:query|create|config|start|stop|delete|qc)\b|\bwmic\s+(?:\/\w+|process|os|cpu|bios|service|product|useraccount|qfe|logicaldisk|computersystem|startup|nic\w*|path|share|group|diskdrive|netuse|ntdomain|sysaccount|printer|job|csproduct|baseboard|memorychip)\b/i,
  /\bschtasks\s+\/|\bnetsh\s+(?:interface|firewall|advfirewall|wlan|winhttp|http|int|dump|add|show)\b|\bvssadmin\s+(?:delete|list|create)|\bcertutil\s+[-/]|\bbitsadmin\s+\/|\brundll32\s+\S|\bregsvr32\s+\/|\bmshta\s+\S+:/i,
  /\$(?:env|psversiontable|pshome|executioncontext|psscriptroot|host|shellid|profile|home|pid|pwd|error|input|args|null|true|false|_)(?::\w+|\.\w+|\[)|&\s*\(\s*(?:['"$]|gcm|get-command)|\.\s*\(\s*['"][a-z'"+{}0-9\s-]+['"]\s*\)|['"]\s*-f\s*['"]|\|\s*(?:iex|%\s*\{|\?\s*\{|foreach(?:-object)?\s*\{|where(?:-object)?\s*\{|out-\w+|select-\w+|sort-object|format-\w+|convertto-\w+)/i,
]
const PATHS = [
  /\\\\[\w.-]+\\\w+\$?\\|[;|&]\s*[\w.-]+\s+(?:\S+\s+)?[a-z]:\\\w/i,
  /[a-z]:\\(?:(?:windows|winnt|program files[^\\]{0,20}|programdata|inetpub|perflogs|xampp|wamp)\\|(?:users|documents[^\\]{0,30}|temp)\\[^\\]+\\|boot\.ini|autoexec)/i,
]

export const windows = (value: string, add: Add): void => {
  if (/\b(?:for|if)\b/i.test(value)) {
    if (FOR.test(value)) add('cmd_for', SURE)
    if (IF.test(value)) add('cmd_if', SURE)
  }
  if (/[%!]/.test(value) && WINDOWS_VARIABLE.test(value)) add('windows_variable', SURE)
  if (/%\w{1,20}:(?:~-?\d|[^%=\s]{1,20}=)[^%]{0,20}%/.test(value)) add('windows_variable', SURE)
  if (ALIASES.test(value) || COMMANDS.some((expression) => expression.test(value))) add('windows_command', SURE)
  if (value.includes('\\') && PATHS.some((expression) => expression.test(value))) add('windows_path', SURE)
}
