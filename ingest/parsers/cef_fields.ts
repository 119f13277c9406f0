/**
 * What the extensions of CEF become (ArcSight, Common Event Format Implementation Standard, "Event dictionary"), by their short
 * and their long names. One that is not here becomes `cef.extensions.<name>`.
 */
import type { Rules } from './plan.ts'

const EXT = 'cef.extensions.'
/** Short names of the dictionary whose meaning is no field of ECS: long, as Elastic's decoder spells them. */
const LONG: Readonly<Record<string, string>> = {
  cat: 'deviceEventCategory',
  cnt: 'baseEventCount',
  deviceSeverity: 'deviceSeverity',
  dvcpid: 'deviceProcessId',
  ahost: 'agentHostName',
  agt: 'agentAddress',
  aid: 'agentId',
  at: 'agentType',
  av: 'agentVersion',
  atz: 'agentTimeZone',
  amac: 'agentMacAddress',
  catdt: 'categoryDeviceType',
  dtz: 'deviceTimeZone',
  mrt: 'managerReceiptTime',
  sntdom: 'sourceNtDomain',
  dntdom: 'destinationNtDomain',
  spid: 'sourceProcessId',
  dpid: 'destinationProcessId',
  sproc: 'sourceProcessName',
  dproc: 'destinationProcessName',
  slat: 'sourceGeoLatitude',
  slong: 'sourceGeoLongitude',
  dlat: 'destinationGeoLatitude',
  dlong: 'destinationGeoLongitude',
}
const custom = (short: string, long: string, count: number): Record<string, readonly ['text', string]> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, i) => i + 1).flatMap((n) => [
      [`${short}${n}`, ['text', `${EXT}${long}${n}`] as const],
      [`${short}${n}Label`, ['text', `${EXT}${long}${n}Label`] as const],
    ]),
  )
/** Both names of one thing. */
const both = (names: string, ...rule: Rules[string]): Rules =>
  Object.fromEntries(names.split(' ').map((name) => [name, rule]))

export const CEF_RULES: Rules = {
  ...both('src sourceAddress', 'side', 'source'),
  ...both('c6a2 deviceCustomIPv6Address2', 'own'),
  ...both('c6a3 deviceCustomIPv6Address3', 'own'),
  ...both('spt sourcePort', 'port', 'source.port'),
  ...both('shost sourceHostName', 'text', 'source.domain'),
  ...both('smac sourceMacAddress', 'mac', 'source.mac'),
  ...both('suser sourceUserName', 'text', 'source.user.name', 'user.name'),
  ...both('suid sourceUserId', 'text', 'source.user.id'),
  ...both('spriv sourceUserPrivileges', 'text', 'source.user.group.name'),
  ...both('sourceTranslatedAddress', 'ip', 'source.nat.ip'),
  ...both('sourceTranslatedPort', 'port', 'source.nat.port'),
  ...both('sourceServiceName', 'text', 'source.service.name'),
  ...both('in bytesIn', 'long', 'source.bytes'),
  ...both('dst destinationAddress', 'side', 'destination'),
  ...both('dpt destinationPort', 'port', 'destination.port'),
  ...both('dhost destinationHostName', 'text', 'destination.domain'),
  ...both('dmac destinationMacAddress', 'mac', 'destination.mac'),
  ...both('duser destinationUserName', 'text', 'destination.user.name'),
  ...both('duid destinationUserId', 'text', 'destination.user.id'),
  ...both('dpriv destinationUserPrivileges', 'text', 'destination.user.group.name'),
  ...both('destinationTranslatedAddress', 'ip', 'destination.nat.ip'),
  ...both('destinationTranslatedPort', 'port', 'destination.nat.port'),
  ...both('destinationServiceName', 'text', 'destination.service.name'),
  ...both('out bytesOut', 'long', 'destination.bytes'),
  ...both('proto transportProtocol', 'transport', 'network.transport'),
  ...both('app applicationProtocol', 'lower', 'network.protocol'),
  ...both('deviceDirection', 'own'),
  ...both('act deviceAction', 'text', 'event.action'),
  ...both('outcome eventOutcome', 'own'),
  ...both('reason', 'text', 'event.reason'),
  ...both('msg message', 'text', 'message'),
  ...both('rt deviceReceiptTime', 'own'),
  ...both('start startTime', 'own'),
  ...both('end endTime', 'own'),
  ...both('art agentReceiptTime', 'own'),
  ...both('request requestUrl', 'url'),
  ...both('requestMethod', 'text', 'http.request.method'),
  ...both('requestClientApplication', 'text', 'user_agent.original'),
  ...both('requestContext', 'text', 'http.request.referrer'),
  ...both('requestCookies', 'text', 'http.request.cookie'),
  ...both('fname filename fileName', 'text', 'file.name'),
  ...both('filePath', 'text', 'file.path'),
  ...both('fsize fileSize', 'long', 'file.size'),
  ...both('dvc deviceAddress', 'ip', 'observer.ip'),
  ...both('dvchost deviceHostName', 'text', 'observer.hostname', 'observer.name'),
  ...both('dvcmac deviceMacAddress', 'mac', 'observer.mac'),
  ...both('deviceInboundInterface', 'text', 'observer.ingress.interface.name'),
  ...both('deviceOutboundInterface', 'text', 'observer.egress.interface.name'),
  ...both('deviceExternalId', 'text', 'observer.serial_number'),
  ...both('deviceProcessName', 'text', 'process.name'),
  ...custom('cs', 'deviceCustomString', 6),
  ...custom('cn', 'deviceCustomNumber', 3),
  ...custom('cfp', 'deviceCustomFloatingPoint', 4),
  ...custom('c6a', 'deviceCustomIPv6Address', 1),
  c6a2Label: ['text', `${EXT}deviceCustomIPv6Address2Label`],
  c6a3Label: ['text', `${EXT}deviceCustomIPv6Address3Label`],
  ...Object.fromEntries(Object.entries(LONG).map(([short, long]) => [short, ['text', `${EXT}${long}`] as const])),
}
