/** Microseconds a line, one thread: node tests/bench/parsers.ts [id]; `described` is those of a file (pattern, JSON, columns). */
import { readFileSync } from 'node:fs'
import { splitLines } from '../../ingest/collect/lines.ts'
import { createRowEnricher, type EnrichRow } from '../../ingest/enrich/enrich.ts'
import { openGeoIp } from '../../ingest/enrich/geoip.ts'
import { readDescription } from '../../ingest/described/check.ts'
import type { Description } from '../../ingest/described/described.ts'
import { parseOf } from '../../ingest/described/parse-of.ts'
import { parseInventory } from '../../ingest/inventory/inventory.ts'
import { Row } from '../../ingest/row/row.ts'
import type { Sink } from '../../ingest/row/sink.ts'
import { openStage } from '../../ingest/stage.ts'
import { columnSink } from '../../ingest/store/duckdb/columns.ts'
import { documentSink } from '../../ingest/store/elasticsearch/rows/encode.ts'

const two = (n: number): string => String(n).padStart(2, '0')
const clock = (i: number): string => `${two(Math.floor(i / 3600) % 24)}:${two(Math.floor(i / 60) % 60)}:${two(i % 60)}`
const address = (i: number): string =>
  i % 3 === 0 ? `2001:db8:${(i % 977).toString(16)}::${(i % 4001).toString(16)}` : `198.51.100.${i % 254}`

const LINES: Record<string, (i: number) => string> = {
  fortinet_fortigate: (i) =>
    `<189>date=2026-05-14 time=${clock(i)} devname="fw-syt-01" devid="FGT60FTK20000001" eventtime=${1778725801000000000n + BigInt(i) * 1000003n} tz="+0700" logid="0000000013" type="traffic" subtype="forward" level="notice" vd="root" srcip=${address(i)} srcport=${1024 + (i % 60000)} srcintf="wan1" srcintfrole="wan" dstip=203.0.113.10 dstport=443 dstintf="dmz" dstintfrole="dmz" srccountry="Viet Nam" dstcountry="Reserved" sessionid=${100000 + i} proto=6 action="close" policyid=12 policytype="policy" poluuid="4d9cf9a6-0000-51ee-8a1c-1b2f3d4e5f60" policyname="public-web" service="HTTPS" trandisp="dnat" tranip=10.20.3.${i % 254} tranport=8443 appid=40568 app="HTTPS.BROWSER" appcat="Web.Client" apprisk="medium" duration=${i % 300} sentbyte=${1188 + i} rcvdbyte=${9224 + i} sentpkt=17 rcvdpkt=16 utmaction="allow" countapp=1 osname="Linux" srcserver=0 utmref=65500-742`,
  nginx_access: (i) =>
    `${address(i)} - - [14/May/2026:${clock(i)} +0700] "GET /tin-tuc/bai-viet-${i}.html?trang=${i % 9}&tim=s%E1%BB%9F HTTP/1.1" 200 ${5120 + i} "https://soyte.vinhlong.example/" "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0 Safari/537.36"`,
  panw_panos: (i) =>
    `<14>May 14 ${clock(i)} pa-01 1,2026/05/14 ${clock(i)},013201000001,TRAFFIC,end,2561,2026/05/14 ${clock(i)},${address(i)},203.0.113.10,0.0.0.0,0.0.0.0,public-web,soyte\\nva,,ssl,vsys1,untrust,dmz,ethernet1/1,ethernet1/3,vonglau,2026/05/14 ${clock(i)},${33561 + i},1,${1024 + (i % 60000)},443,0,0,0x400053,tcp,allow,${12034 + i},2034,10000,31,2026/05/14 ${clock(i)},${i % 300},computer-and-internet-info,,${7253419119627 + i},0x8000000000000000,Viet Nam,10.0.0.0-10.255.255.255,,14,17,tcp-fin,34,0,0,0,,pa-01,from-policy,,,0,,0,,N/A,0,0,0,0,90431d13-81da-4129-8bc5-ce968fa06b76,0,0,,,,,,,`,
  cisco_asa: (i) =>
    `<166>May 14 2026 ${clock(i)} asa-01 : %ASA-6-302014: Teardown TCP connection ${110577 + i} for outside:${address(i)}/${1024 + (i % 60000)} to dmz:10.20.3.${i % 254}/443 duration 0:00:${two(i % 60)} bytes ${12034 + i} TCP FINs from outside`,
  cisco_ftd: (i) =>
    `<113>2026-05-14T${clock(i)}Z ftd-01 %FTD-1-430003: EventPriority: Low, DeviceUUID: 1c8ff662-08f3-11e4-85c0-bc960372972f, InstanceID: 1, FirstPacketSecond: 2026-05-14T${clock(i)}Z, ConnectionID: ${i}, AccessControlRuleAction: Allow, SrcIP: ${address(i)}, DstIP: 203.0.113.10, SrcPort: ${1024 + (i % 60000)}, DstPort: 443, Protocol: tcp, IngressInterface: outside, EgressInterface: dmz, ACPolicy: chinh, AccessControlRuleName: cong, User: Unknown, Client: SSL client, ApplicationProtocol: HTTPS, ConnectionDuration: ${i % 300}, InitiatorPackets: 14, ResponderPackets: 17, InitiatorBytes: ${2034 + i}, ResponderBytes: 10000, NAPPolicy: Balanced Security and Connectivity`,
  checkpoint: (i) =>
    `<134>1 2026-05-14T${clock(i)}Z log-01 CheckPoint 7776 - [action:"Accept"; flags:"411908"; ifdir:"inbound"; ifname:"eth1"; logid:"0"; loguid:"{0x5e80a05a,0x0,0xbba3afa,0x${i.toString(16)}}"; origin:"10.84.0.1"; sequencenum:"${i}"; version:"5"; dst:"203.0.113.10"; inzone:"External"; outzone:"Internal"; layer_name:"Network"; rule:"12"; rule_name:"cong"; rule_uid:"1fde807b-6300-4b1a-914f-f1c1f3e2e7d2"; product:"VPN-1 & FireWall-1"; proto:"6"; s_port:"${1024 + (i % 60000)}"; service:"443"; service_id:"https"; src:"${address(i)}"]`,
  pfsense: (i) =>
    `<134>May 14 ${clock(i)} fw-01 filterlog[72237]: 146,,,1535324496,igb1.12,match,block,in,4,0x0,,63,${i % 65536},0,DF,6,tcp,60,198.51.100.${i % 254},203.0.113.10,${1024 + (i % 60000)},853,0,S,${1891286705 + i},,64240,,mss;sackOK;TS;nop;wscale`,
  iptables: (i) =>
    `May 14 ${clock(i)} fw-01 kernel: [${i}.459614] [UFW BLOCK] IN=eth0 OUT= MAC=02:00:5e:00:53:01:02:00:5e:00:53:02:08:00 SRC=${address(i)} DST=203.0.113.10 LEN=52 TOS=0x00 PREC=0x00 TTL=115 ID=${i % 65536} DF PROTO=TCP SPT=${1024 + (i % 60000)} DPT=445 WINDOW=8192 RES=0x00 SYN URGP=0`,
  sophos_xg: (i) =>
    `<30>device="SFW" date=2026-05-14 time=${clock(i)} timezone="+07" device_name="xgs-01" device_id=X1234567890 log_id=010101600001 log_type="Firewall" log_component="Firewall Rule" log_subtype="Allowed" status="Allow" priority=Information duration=${i % 300} fw_rule_id=5 policy_type=1 user_name="" user_gp="" application="HTTPS" application_risk=1 in_interface="Port2" out_interface="Port1" src_ip=${address(i)} src_country_code=VNM dst_ip=203.0.113.10 protocol="TCP" src_port=${1024 + (i % 60000)} dst_port=443 sent_pkts=14 recv_pkts=17 sent_bytes=${2034 + i} recv_bytes=10000 srczonetype="WAN" srczone="WAN" dstzonetype="DMZ" dstzone="DMZ" connevent="Stop" connid="${i}"`,
  sophos_utm: (i) =>
    `2026:05:14-${clock(i)} utm-01 ulogd[21975]: id="2001" severity="info" sys="SecureNet" sub="packetfilter" name="Packet dropped" action="drop" fwrule="60001" initf="eth1" srcmac="02:00:5e:00:53:02" dstmac="02:00:5e:00:53:01" srcip="${address(i)}" dstip="203.0.113.10" proto="6" length="40" tos="0x00" prec="0x00" ttl="243" srcport="${1024 + (i % 60000)}" dstport="3389" tcpflags="SYN"`,
  juniper_srx: (i) =>
    `<14>1 2026-05-14T${clock(i)}.933+07:00 srx-01 RT_FLOW - RT_FLOW_SESSION_CLOSE [junos@2636.1.1.1.2.40 reason="TCP FIN" source-address="${address(i)}" source-port="${1024 + (i % 60000)}" destination-address="203.0.113.10" destination-port="443" service-name="junos-https" nat-source-address="${address(i)}" nat-source-port="${1024 + (i % 60000)}" nat-destination-address="10.20.3.9" nat-destination-port="8443" protocol-id="6" policy-name="cong" source-zone-name="untrust" destination-zone-name="dmz" session-id-32="${i}" packets-from-client="14" bytes-from-client="${2034 + i}" packets-from-server="17" bytes-from-server="10000" elapsed-time="${i % 300}" application="SSL" nested-application="UNKNOWN" username="N/A" roles="N/A" packet-incoming-interface="ge-0/0/0.0" encrypted="UNKNOWN"]`,
  sonicwall: (i) =>
    `<134>  id=firewall sn=0040103CE114 time="2026-05-14 ${clock(i)} UTC" fw=203.0.113.1 pri=6 c=1024 gcat=6 m=537 msg="Connection Closed" src=198.51.100.${i % 254}:${1024 + (i % 60000)}:X1 dst=203.0.113.10:443:X2 proto=tcp/https sent=${3259 + i} rcvd=16551 spkt=18 rpkt=18 cdur=${i % 30000} rule="15 (WAN->DMZ)" n=${i} fw_action="NA"`,
  mikrotik: (i) =>
    `<30>May 14 ${clock(i)} rb-01 firewall,info DROP forward: in:ether1 out:bridge, connection-state:new src-mac 02:00:5e:00:53:02, proto TCP (SYN), 198.51.100.${i % 254}:${1024 + (i % 60000)}->203.0.113.10:3389, len 52`,
  cisco_ios: (i) =>
    `<190>${i}: May 14 ${clock(i)}.900: %SEC-6-IPACCESSLOGP: list CHAN denied tcp 198.51.100.${i % 254}(${1024 + (i % 60000)}) -> 203.0.113.10(3389), 1 packet`,
  iis_access: (i) =>
    `2026-05-14 ${clock(i)} 10.20.3.9 GET /dichvu/ho-so.aspx id=${i} 443 - ${address(i)} Mozilla/5.0+(Windows+NT+10.0;+Win64;+x64)+AppleWebKit/537.36+(KHTML,+like+Gecko)+Chrome/128.0+Safari/537.36 https://dichvucong.vinhlong.example/ 200 0 0 ${i % 900}`,
  tomcat_access: (i) =>
    `${address(i)} - - [14/May/2026:${clock(i)} +0700] "GET /dichvu/ho-so-${i}.do?id=${i % 9} HTTP/1.1" 200 ${5120 + i} "https://dichvucong.vinhlong.example/" "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0 Safari/537.36"`,
  traefik_access: (i) =>
    `${address(i)} - - [14/May/2026:${clock(i)} +0700] "GET /dichvu/ho-so-${i}?id=${i % 9} HTTP/2.0" 200 ${5120 + i} "https://dichvucong.vinhlong.example/" "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0 Safari/537.36" ${i} "web@docker" "http://172.19.0.3:5601" ${i % 900}ms`,
  haproxy: (i) =>
    `${address(i)}:${1024 + (i % 60000)} [14/May/2026:${clock(i)}.${100 + (i % 900)}] cong~ may_chu/web${i % 4} 0/0/1/${i % 90}/${i % 100} 200 ${5120 + i} - - ---- 6/6/0/0/0 0/0 {cong.example|Mozilla/5.0} "GET /tin-tuc/bai-viet-${i}.html?trang=${i % 9} HTTP/1.1"`,
  squid: (i) =>
    `${1778725801 + i}.049 ${i % 900} 10.20.${i % 250}.7 TCP_MISS/200 ${5120 + i} GET http://www.vinhlong.example/tin-tuc/bai-viet-${i}.html lan HIER_DIRECT/198.51.100.${i % 254} text/html`,
  nginx_error: (i) =>
    `2026/05/14 ${clock(i)} [error] 811#812: *${i} open() "/srv/www/cong/anh-${i}.png" failed (2: No such file or directory), client: ${address(i)}, server: cong.example, request: "GET /anh-${i}.png HTTP/1.1", host: "cong.example", referrer: "https://cong.example/a"`,
  suricata: (i) =>
    `{"timestamp":"2026-05-14T${clock(i)}.123456+0700","flow_id":${1850219312468213 + i},"in_iface":"eno2","event_type":"alert","src_ip":"${address(i)}","src_port":${1024 + (i % 60000)},"dest_ip":"198.51.100.80","dest_port":80,"proto":"TCP","tx_id":0,"alert":{"action":"allowed","gid":1,"signature_id":${2034125 + (i % 50)},"rev":4,"signature":"ET EXPLOIT Apache path traversal","category":"Web Application Attack","severity":1},"http":{"hostname":"cong.example","url":"/tim?q=${i}","http_user_agent":"Mozilla/5.0 (X11)","http_method":"GET","protocol":"HTTP/1.1","status":200,"length":${i % 9000}},"app_proto":"http","flow":{"pkts_toserver":4,"pkts_toclient":3,"bytes_toserver":847,"bytes_toclient":1254,"start":"2026-05-14T${clock(i)}.013456+0700"}}`,
  zeek: (i) =>
    `{"_path":"conn","ts":${1778725801 + i}.123456,"uid":"C${i}","id.orig_h":"${address(i)}","id.orig_p":${1024 + (i % 60000)},"id.resp_h":"198.51.100.80","id.resp_p":443,"proto":"tcp","service":"ssl","duration":${i % 90}.5,"orig_bytes":${i},"resp_bytes":2000,"conn_state":"SF","local_orig":false,"local_resp":true,"missed_bytes":0,"history":"ShADadfF","orig_pkts":10,"orig_ip_bytes":620,"resp_pkts":12,"resp_ip_bytes":2624}`,
  cef: (i) =>
    `CEF:0|Vi du|Cong web|1.0|18|Web request|low|eventId=${i} requestMethod=POST proto=TCP src=${address(i)} spt=${1024 + (i % 60000)} dst=198.51.100.80 dpt=443 request=https://cong.example/gio?x\\=${i} act=allowed outcome=success rt=${1778725801123 + i} msg=Yeu cau ${i % 90}`,
  leef: (i) =>
    `LEEF:1.0|Vi du|Tuong lua|4.1|15345|src=${address(i)}\tdst=198.51.100.80\tsev=5\tsrcPort=${1024 + (i % 60000)}\tdstPort=443\tusrName=lan\tproto=TCP\tdevTime=${1778725801123 + i}\tcat=Deny\tsrcBytes=${i}`,
  f5_bigip: (i) =>
    `ASM:unit_hostname="bigip-01",management_ip_address="192.0.2.10",policy_name="/Common/cong_waf",violations="Attack signature detected",support_id="${18205860747014 + i}",request_status="blocked",response_code="0",ip_client="${address(i)}",method="POST",protocol="HTTPS",query_string="id=${i}",sig_ids="200002147",sig_names="SQL-INJ",date_time="2026-05-14 ${clock(i)}",severity="Critical",attack_type="SQL-Injection",geo_location="VN",username="N/A",src_port="50122",dest_port="443",dest_ip="198.51.100.80",violation_rating="5",uri="/tim.php"`,
  barracuda_waf: (i) =>
    `2026-05-14 ${clock(i)}.502 +0700  waf-01 WF ALER SQL_INJECTION_IN_PARAM ${address(i)} 61507 198.51.100.80 443 Cong:chinh-sach URL_PROFILE DENY BLOCK_IP [Parameter="q" value="1 or ${i}"] POST /tim.php?q=${i} TLSv1.2 "-" "Mozilla/5.0 (X11; Linux)" 203.0.113.20 61507 "lan" https://cong.example/ 1869d743696-${i}`,
  linux_auth: (i) =>
    `May 14 ${clock(i)} may-01 sshd[${i % 32768}]: Failed password for invalid user quan-tri from ${address(i)} port ${1024 + (i % 60000)} ssh2`,
  bind: (i) =>
    `14-May-2026 ${clock(i)}.123 queries: info: client @0x7f8b4c0 ${address(i)}#${1024 + (i % 60000)} (www${i % 900}.example.org): query: www${i % 900}.example.org IN A +E(0)K (198.51.100.53)`,
}
const IIS =
  '#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken'

const inventory = 'seeds/vinh-long/inventory.yml'
const enrich = createRowEnricher({
  inventory: parseInventory(readFileSync(new URL(`../../${inventory}`, import.meta.url), 'utf8'), inventory),
  geoip: openGeoIp(),
})
/** Takes rows and makes nothing of them. */
const nothing: Sink<undefined> = { add: () => {}, room: () => 2048, cut: () => {}, take: () => undefined }
const COUNT = 50_000

/** Parsers of one's own: what they cost depends on how they are written. */
const head =
  'title: đo\ntime: { format: YYYY-MM-DD HH:mm:ss.SSS, zone: Asia/Ho_Chi_Minh }\nconstants: { event.kind: event, event.category: [api] }\n'
const cases =
  'cases:\n  - when: { http.response.status_code: { from: 200, to: 399 } }\n    say: { event.outcome: success }\n  - when: { http.response.status_code: { from: 400, to: 599 } }\n    say: { event.outcome: failure }\n'
const OF =
  '(?<@timestamp>\\S+ \\S+) (?<log.level>\\w+) \\[(?<ID.thread>[^\\]]*)\\] client=(?<source.ip>\\S+) user=(?<user.name>\\S*) (?<http.request.method>[A-Z]+) (?<url.original>\\S+) status=(?<http.response.status_code>\\d+) ms=(?<event.duration>\\d+)'
const spoken = (i: number): string =>
  `2026-05-14 ${clock(i)}.123 INFO [gateway-${i % 32}] client=${address(i)} user=lan${i % 50} POST /dan-cu/tra-cuu?so=${i} status=${i % 9 === 0 ? 403 : 200} ms=${i % 900}`
const DESCRIBED: Record<string, readonly [description: string, line: (i: number) => string]> = {
  described_pattern: [`${head}read:\n  - pattern: '${OF}'\n    as: { event.duration: millis }\n${cases}`, spoken],
  // Several ways at some bytes: two passes; and of a kind that only RE2 reads.
  described_scanned: [
    `${head}read:\n  - pattern: '${OF.replace('\\S+) status', '.*) status')}'\n    as: { event.duration: millis }\n${cases}`,
    spoken,
  ],
  described_re2: [
    `${head}read:\n  - pattern: '(?i)${OF.replace('\\S+) status', '.*) status')}'\n    as: { event.duration: millis }\n${cases}`,
    spoken,
  ],
  described_json: [
    `${head}read:\n  - json: { time: '@timestamp', level: log.level, client.ip: source.ip, user: user.name, method: http.request.method, path: url.original, status: http.response.status_code, ms: { field: event.duration, as: millis } }\n${cases}`,
    (i) =>
      `{"time":"2026-05-14 ${clock(i)}.123","level":"INFO","client":{"ip":"${address(i)}"},"user":"lan${i % 50}","method":"POST","path":"/dan-cu/tra-cuu?so=${i}","status":${i % 9 === 0 ? 403 : 200},"ms":${i % 900}}`,
  ],
  described_csv: [
    `${head}read:\n  - csv: ['@timestamp', log.level, source.ip, user.name, http.request.method, url.original, http.response.status_code, { field: event.duration, as: millis }]\n${cases}`,
    (i) =>
      `2026-05-14 ${clock(i)}.123,INFO,${address(i)},lan${i % 50},POST,/dan-cu/tra-cuu?so=${i},${i % 9 === 0 ? 403 : 200},${i % 900}`,
  ],
}
const described = new Map<string, Description>(
  Object.entries(DESCRIBED).map(([id, [text]]) => [
    id,
    readDescription(`id: ${id}\n${text.replaceAll('ID.', `${id}.`)}`, id),
  ]),
)

for (const [id, make] of [
  ...Object.entries(LINES),
  ...Object.entries(DESCRIBED).map(([name, [, line]]) => [name, line] as const),
]) {
  const wanted = process.argv[2]
  if (wanted && wanted !== id && !(wanted === 'described' && described.has(id))) continue
  const text = Array.from({ length: COUNT }, (_, i) => make(i))
  const { lines } = splitLines(Buffer.from(`${id === 'iis_access' ? `${IIS}\n` : ''}${text.join('\n')}\n`), 0, true)
  const measure = <P>(name: string, sink: Sink<P>, enricher: EnrichRow) => {
    const stage = openStage({
      source: {
        id,
        parser: id,
        timezone: 'Asia/Ho_Chi_Minh',
        collect: { kind: 'file', path: '', start: 'beginning' },
        silent: 15,
      },
      parse: parseOf({ parser: id, ...(described.has(id) ? { described: described.get(id)! } : {}) }),
      enrich: enricher,
      sink,
      history: false,
      row: new Row(),
    })
    const took = Array.from({ length: 9 }, () => {
      const began = process.hrtime.bigint()
      const { unparsed } = stage({ lines, from: 0, prefix: 'prefix0123456789', now: Date.UTC(2026, 4, 14), memory: [] })
      if (unparsed > 0) throw new Error(`${id}: ${unparsed} lines were not read`)
      return Number(process.hrtime.bigint() - began) / COUNT / 1000
    })
      .slice(2)
      .sort((a, b) => a - b)
    const median = took[3]!
    console.log(
      `${`${id}, ${name}`.padEnd(44)} ${median.toFixed(2)} µs (best ${took[0]!.toFixed(2)}), ${Math.round(1e6 / median).toLocaleString('en')} lines/s`,
    )
  }
  measure('to a row', nothing, () => {})
  measure('enriched', nothing, enrich)
  measure('enriched, to columns', columnSink(), enrich)
  measure('enriched, to documents', documentSink(), enrich)
}
