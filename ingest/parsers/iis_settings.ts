/** What is set on an IIS: which columns it writes, and the script that sends them. */
import { readFileSync } from 'node:fs'
import type { Setting } from './parser.ts'

const SEND = readFileSync(new URL('./devices/send-iis.ps1', import.meta.url), 'utf8')
const COLUMNS =
  'Date,Time,ClientIP,UserName,SiteName,ServerIP,Method,UriStem,UriQuery,HttpStatus,Win32Status,BytesSent,BytesRecv,TimeTaken,ServerPort,UserAgent,Referer,ProtocolVersion,Host,HttpSubStatus'

export const IIS_SETTINGS: readonly Setting[] = [
  {
    collect: 'http',
    where: 'PowerShell',
    text: ({ http }) => `# Ghi đủ trường W3C / every W3C field
Import-Module WebAdministration
Set-WebConfigurationProperty -pspath 'MACHINE/WEBROOT/APPHOST' -filter 'system.applicationHost/sites/siteDefaults/logFile' -name logExtFileFlags -value '${COLUMNS}'

# Phần dưới đây lưu thành C:\\ProgramData\\VongLau\\send-iis.ps1, điền <token>, rồi cho chạy mỗi phút
# Save what follows as C:\\ProgramData\\VongLau\\send-iis.ps1, put in <token>, and let it run every minute
${SEND.replace('https://vonglau.example/ingest/', http)}`,
  },
]
