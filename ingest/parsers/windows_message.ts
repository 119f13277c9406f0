/**
 * The rendered message of a security event, where a carrier hands over nothing else (Snare, Fluent Bit): `Subject:  Security ID:  S-1-5-18
 * Account Name:  DC01$ …`. Sections and labels are those of the English texts
 * (https://learn.microsoft.com/previous-versions/windows/it-pro/windows-10/security/threat-protection/auditing/security-auditing-overview).
 */
import type { Row } from '../row/row.ts'
import { hasData, putData } from './windows_event.ts'

/** What is looked at of a message. */
const MOST = 16_384

type Labels = Readonly<Record<string, string>>
const account = (who: 'Subject' | 'Target', sid: string): Labels => ({
  'Security ID': sid,
  'Account Name': `${who}UserName`,
  'Account Domain': `${who}DomainName`,
  'Logon ID': `${who}LogonId`,
})
const TARGET: Labels = { ...account('Target', 'TargetUserSid'), 'Caller Computer Name': 'TargetDomainName' }
const CHANGED: Labels = {
  ...account('Target', 'TargetSid'),
  'Old Account Name': 'OldTargetUserName',
  'New Account Name': 'NewTargetUserName',
}
const GROUP: Labels = {
  'Security ID': 'TargetSid',
  'Group Name': 'TargetUserName',
  'Account Name': 'TargetUserName',
  'Group Domain': 'TargetDomainName',
  'Account Domain': 'TargetDomainName',
}
/** Sections, and what their labels are in EventData. */
const SECTIONS: Readonly<Record<string, Labels>> = {
  Subject: account('Subject', 'SubjectUserSid'),
  'New Logon': TARGET,
  'Account For Which Logon Failed': TARGET,
  'Account Whose Credentials Were Used': TARGET,
  'Account That Was Locked Out': CHANGED,
  'Target Account': CHANGED,
  'New Account': CHANGED,
  Member: { 'Security ID': 'MemberSid', 'Account Name': 'MemberName' },
  Group: GROUP,
  'New Group': GROUP,
  'Deleted Group': GROUP,
  'Account Information': {
    'Account Name': 'TargetUserName',
    'Account Domain': 'TargetDomainName',
    'Supplied Realm Name': 'TargetDomainName',
    'Security ID': 'TargetSid',
    'User ID': 'TargetSid',
  },
  'Additional Information': {
    'Caller Computer Name': 'TargetDomainName',
    'Client Name': 'ClientName',
    'Client Address': 'ClientAddress',
  },
  Session: {},
  'Logon Information': {},
  'Network Information': {},
  'Process Information': {},
  'Failure Information': {},
  'Detailed Authentication Information': {},
  'Service Information': {},
}
/** Labels that mean the same wherever they stand. */
const ANYWHERE: Labels = {
  'Logon Type': 'LogonType',
  'Workstation Name': 'WorkstationName',
  'Source Workstation': 'Workstation',
  'Logon Account': 'TargetUserName',
  'Source Network Address': 'IpAddress',
  'Network Address': 'IpAddress',
  'Client Address': 'IpAddress',
  'Source Port': 'IpPort',
  'Client Port': 'IpPort',
  Port: 'IpPort',
  'Failure Reason': 'FailureReason',
  Status: 'Status',
  'Sub Status': 'SubStatus',
  'Failure Code': 'Status',
  'Result Code': 'Status',
  'Error Code': 'Status',
  'Service Name': 'ServiceName',
  'Service File Name': 'ServiceFileName',
  'Ticket Options': 'TicketOptions',
  'Ticket Encryption Type': 'TicketEncryptionType',
  'Pre-Authentication Type': 'PreAuthType',
  'Caller Process Name': 'ProcessName',
  'Process Name': 'ProcessName',
  'New Process Name': 'NewProcessName',
  'New Process ID': 'NewProcessId',
  'Creator Process ID': 'ProcessId',
  'Creator Process Name': 'ParentProcessName',
  'Process Command Line': 'CommandLine',
  'Logon Process': 'LogonProcessName',
  'Authentication Package': 'AuthenticationPackageName',
  Privileges: 'PrivilegeList',
}
/** Labels of which nothing is made: the value before them ends there. */
const OTHERS = [
  'Logon GUID',
  'Restricted Admin Mode',
  'Virtual Account',
  'Elevated Token',
  'Impersonation Level',
  'Linked Logon ID',
  'Network Account Name',
  'Network Account Domain',
  'Process ID',
  'Caller Process ID',
  'Package Name (NTLM only)',
  'Key Length',
  'Transited Services',
  'Service ID',
  'Token Elevation Type',
  'Mandatory Label',
  'Creator Subject',
  'Target Subject',
]

const names = [
  ...new Set([
    ...Object.keys(SECTIONS),
    ...Object.values(SECTIONS).flatMap((labels) => Object.keys(labels)),
    ...Object.keys(ANYWHERE),
    ...OTHERS,
  ]),
]
  .sort((a, b) => b.length - a.length)
  .map((name) => name.replace(/[()]/g, '\\$&'))
/** After a blank, so that what people type into a name is no label unless they type two blanks or a tab before it. */
const LABEL = new RegExp(`(?:^|[\\r\\n\\t]|  )(${names.join('|')}):`, 'g')
/** Where a value ends: a line's end, a tab, two blanks (how carriers write a line's end), a sentence after it. */
const END = /[\r\n\t]| {2}/

/** Says what a message says as EventData, where nothing else did. */
export const readMessage = (row: Row, from: number, to: number): void => {
  if (hasData()) return
  const text = row.slice(from, Math.min(to, from + MOST))
  let section: Labels = {}
  const found = [...text.matchAll(LABEL)]
  for (const [i, match] of found.entries()) {
    const label = match[1]!
    const begin = match.index + match[0].length
    const raw = text.slice(begin, found[i + 1]?.index ?? text.length).trimStart()
    const value = raw.slice(0, raw.search(END) < 0 ? raw.length : raw.search(END)).trimEnd()
    if (value === '' && Object.hasOwn(SECTIONS, label)) {
      section = SECTIONS[label]!
      continue
    }
    const name = Object.hasOwn(section, label)
      ? section[label]!
      : Object.hasOwn(ANYWHERE, label)
        ? ANYWHERE[label]!
        : undefined
    if (name === undefined || value === '') continue
    const at = row.write(value)
    putData(row, name, at, row.at)
  }
}
