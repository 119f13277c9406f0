/**
 * What the names of EVE become (https://docs.suricata.io/en/latest/output/eve/eve-json-format.html, Suricata 4 to 8). A name
 * that is not here becomes `suricata.eve.<name>`.
 */
import type { Rules } from './plan.ts'

const VENDOR = 'suricata.eve.'
const longs = (...names: string[]): Rules =>
  Object.fromEntries(names.map((name) => [name, ['long', `${VENDOR}${name}`] as const]))
const booleans = (...names: string[]): Rules =>
  Object.fromEntries(names.map((name) => [name, ['boolean', `${VENDOR}${name}`] as const]))
const dropped = (...names: string[]): Rules => Object.fromEntries(names.map((name) => [name, ['drop'] as const]))

export const EVE: Rules = {
  timestamp: ['own'],
  event_type: ['word', `${VENDOR}event_type`],
  src_ip: ['side', 'source'],
  src_port: ['port', 'source.port'],
  dest_ip: ['side', 'destination'],
  dest_port: ['port', 'destination.port'],
  proto: ['transport', 'network.transport'],
  app_proto: ['own'],
  community_id: ['text', 'network.community_id'],
  in_iface: ['text', `${VENDOR}in_iface`, 'observer.ingress.interface.name'],
  vlan: ['text', 'network.vlan.id'],
  host: ['text', 'observer.name'],
  'ether.src_mac': ['mac', 'source.mac'],
  'ether.dest_mac': ['mac', 'destination.mac'],
  xff: ['ip', 'network.forwarded_ip'],
  'http.xff': ['ip', 'network.forwarded_ip'],

  'alert.action': ['own'],
  'alert.signature_id': ['text', 'rule.id', `${VENDOR}alert.signature_id`],
  'alert.signature': ['text', 'rule.name', `${VENDOR}alert.signature`, 'message'],
  'alert.category': ['text', 'rule.category', `${VENDOR}alert.category`],
  'alert.rev': ['text', 'rule.version', `${VENDOR}alert.rev`],
  'alert.severity': ['long', 'event.severity'],
  'alert.xff': ['ip', 'network.forwarded_ip'],

  'flow.pkts_toserver': ['long', 'source.packets'],
  'flow.pkts_toclient': ['long', 'destination.packets'],
  'flow.bytes_toserver': ['long', 'source.bytes'],
  'flow.bytes_toclient': ['long', 'destination.bytes'],
  'flow.start': ['own'],
  'flow.end': ['own'],
  // Of an alert the flow says its addresses again.
  ...dropped('flow.src_ip', 'flow.dest_ip', 'flow.src_port', 'flow.dest_port'),
  'netflow.pkts': ['long', 'source.packets'],
  'netflow.bytes': ['long', 'source.bytes'],
  'netflow.start': ['own'],
  'netflow.end': ['own'],

  'http.hostname': ['own'],
  'http.url': ['own'],
  'http.http_port': ['port', 'url.port'],
  'http.http_user_agent': ['text', 'user_agent.original'],
  'http.http_refer': ['text', 'http.request.referrer'],
  'http.http_method': ['text', 'http.request.method'],
  'http.status': ['long', 'http.response.status_code'],
  'http.length': ['long', 'http.response.body.bytes'],
  'http.protocol': ['text', `${VENDOR}http.protocol`],

  'dns.id': ['text', 'dns.id'],
  'dns.type': ['word', 'dns.type'],
  'dns.rcode': ['text', 'dns.response_code'],
  'dns.rrname': ['lower', 'dns.question.name'],
  'dns.rrtype': ['text', 'dns.question.type'],
  'dns.queries.rrname': ['lower', 'dns.question.name'],
  'dns.queries.rrtype': ['text', 'dns.question.type'],
  // The old style says the question of an alert so.
  'dns.query.id': ['text', 'dns.id'],
  'dns.query.type': ['word', 'dns.type'],
  'dns.query.rrname': ['lower', 'dns.question.name'],
  'dns.query.rrtype': ['text', 'dns.question.type'],
  'dns.rdata': ['own'],
  'dns.answers.rrname': ['list', 'dns.answers.name'],
  'dns.answers.rrtype': ['list', 'dns.answers.type'],
  'dns.answers.ttl': ['list', 'dns.answers.ttl'],
  'dns.answers.rdata': ['own'],
  'dns.grouped.A': ['own'],
  'dns.grouped.AAAA': ['own'],
  ...longs('dns.tx_id', 'dns.ttl', 'dns.version'),

  'tls.sni': ['lower', 'tls.client.server_name', 'destination.domain'],
  'tls.subject': ['text', 'tls.server.subject', `${VENDOR}tls.subject`],
  'tls.issuerdn': ['text', 'tls.server.issuer', `${VENDOR}tls.issuerdn`],
  'tls.serial': ['own'],
  'tls.fingerprint': ['own'],
  'tls.version': ['own'],
  'tls.notbefore': ['time', 'tls.server.not_before'],
  'tls.notafter': ['time', 'tls.server.not_after'],
  'tls.ja3.hash': ['text', 'tls.client.ja3'],
  'tls.ja3s.hash': ['text', 'tls.server.ja3s'],
  'tls.ja4': ['text', 'tls.client.ja4'],
  'tls.session_resumed': ['boolean', 'tls.resumed'],
  'tls.cipher_suite': ['text', 'tls.cipher'],

  'fileinfo.filename': ['own'],
  'fileinfo.size': ['long', 'file.size'],
  'fileinfo.md5': ['text', 'file.hash.md5'],
  'fileinfo.sha1': ['text', 'file.hash.sha1'],
  'fileinfo.sha256': ['text', 'file.hash.sha256'],
  'fileinfo.mimetype': ['text', 'file.mime_type'],
  'fileinfo.magic': ['text', `${VENDOR}fileinfo.magic`],

  'email.from': ['mail', 'email.from.address'],
  'email.to': ['mail', 'email.to.address'],
  'email.cc': ['mail', 'email.cc.address'],
  'email.subject': ['text', 'email.subject'],
  'email.message_id': ['text', 'email.message_id'],
  'email.x_mailer': ['text', 'email.x_mailer'],
  'email.attachment': ['list', 'email.attachments.file.name'],

  'ssh.client.software_version': ['text', `${VENDOR}ssh.client.software_version`],
  'smb.filename': ['text', 'file.path'],
  'smb.ntlmssp.user': ['text', 'user.name'],
  'smb.ntlmssp.domain': ['text', 'user.domain'],
  'krb5.cname': ['text', 'user.name'],
  'ftp.command': ['text', 'event.action', `${VENDOR}ftp.command`],
  'ftp_data.filename': ['text', 'file.name'],
  'snmp.pdu_type': ['text', 'event.action'],

  ...longs('pcap_cnt', 'tx_id', 'icmp_type', 'icmp_code', 'response_icmp_type', 'response_icmp_code', 'alert.gid'),
  ...longs('flow.age', 'netflow.age', 'fileinfo.tx_id', 'fileinfo.start', 'fileinfo.end', 'ssh.tx_id'),
  ...booleans('flow.alerted', 'flow.emergency', 'fileinfo.gaps', 'fileinfo.stored'),
  ...booleans('tcp.syn', 'tcp.fin', 'tcp.rst', 'tcp.psh', 'tcp.ack', 'tcp.urg', 'tcp.ecn', 'tcp.cwr'),
  // Packets and bodies in base64: what can be read of them stands in the printable ones, all of it in the raw line.
  ...dropped('payload', 'packet', 'packet_info.linktype', 'http.http_request_body', 'http.http_response_body'),
  ...dropped('payload_length', 'stream'),
}

/** Of the hundreds of counters of `stats` what says whether the sensor sees everything. */
export const STATS: Rules = {
  timestamp: ['own'],
  event_type: ['word', `${VENDOR}event_type`],
  host: ['text', 'observer.name'],
  ...longs('stats.uptime', 'stats.capture.kernel_packets', 'stats.capture.kernel_drops', 'stats.capture.errors'),
  ...longs('stats.decoder.pkts', 'stats.decoder.bytes', 'stats.decoder.invalid', 'stats.detect.alert'),
  ...longs('stats.tcp.sessions', 'stats.tcp.segment_memcap_drop', 'stats.tcp.reassembly_gap', 'stats.flow.memcap'),
}

/** Names that the parser itself reads. */
export const OWN = [
  'timestamp',
  'event_type',
  'app_proto',
  'alert.action',
  'flow.start',
  'flow.end',
  'netflow.start',
  'netflow.end',
  'http.hostname',
  'http.url',
  'http.protocol',
  'http.status',
  'dns.rdata',
  'dns.answers.rdata',
  'dns.grouped.A',
  'dns.grouped.AAAA',
  'tls.serial',
  'tls.fingerprint',
  'tls.version',
  'fileinfo.filename',
  'flow.state',
] as const
