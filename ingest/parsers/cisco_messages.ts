/**
 * Messages of ASA and of FTD's Lina engine, by id: what they say and how they say it, one template a line (`template.ts`), tried
 * in order. An id that is not here is kept with its text.
 * Cisco Secure Firewall ASA Series Syslog Messages, https://www.cisco.com/c/en/us/td/docs/security/asa/syslog/b_syslog.html
 */
export const TRAFFIC_MESSAGES = `
106001 deny
  Inbound TCP connection denied from {at:src} to {at:dst} flags {flags} on interface {iface}
106002 deny
  {proto} Connection denied by outbound list {rule} src {at:src} dest {at:dst}
106006 deny
  Deny inbound UDP from {at:src} to {at:dst} on interface {iface}
106007 deny
  Deny inbound UDP from {at:src} to {at:dst} due to DNS {reason}
106010 deny
  Deny inbound {proto} src {if:src} dst {if:dst} (type {type}, code {code})
  Deny inbound {proto} src {if:src} dst {if:dst}
106011 deny
  Deny inbound (No xlate) {proto} src {if:src} dst {if:dst} (type {type}, code {code})
  Deny inbound (No xlate) {proto} src {if:src} dst {if:dst}
106012 deny
  Deny IP from {at:src} to {at:dst}, IP options {reason}
106013 deny
  Dropping echo request from {at:src} to PAT address {at:dst}
106014 deny
  Deny inbound {proto} src {if:src} dst {if:dst}(type {type}, code {code})
  Deny inbound {proto} src {if:src} dst {if:dst} (type {type}, code {code})
  Deny inbound {proto} src {if:src} dst {if:dst}
106015 deny
  Deny {proto} (no connection) from {at:src} to {at:dst} flags {flags} on interface {iface}
106016 spoof
  Deny IP spoof from ({at:src}) to {at:dst} on interface {iface}
  Deny IP spoof from {at:src} to {at:dst} on interface {iface}
106017 deny
  Deny IP due to Land Attack from {at:src} to {at:dst}
106018 deny
  ICMP packet type {type} denied by outbound list {rule} src {at:src} dest {at:dst}
106020 deny
  Deny IP teardrop fragment ({_}) from {at:src} to {at:dst}
106021 spoof
  Deny {proto} reverse path check from {at:src} to {at:dst} on interface {iface}
106022 spoof
  Deny {proto} connection spoof from {at:src} to {at:dst} on interface {iface}
106023 deny
  Deny {proto} src {if:src} dst {if:dst} (type {type}, code {code}) by access-group "{rule}"
  Deny {proto} src {if:src} dst {if:dst} type {type}, code {code}, by access-group "{rule}"
  Deny {proto} src {if:src} dst {if:dst} by access-group "{rule}"
  Deny {proto} src {if:src} dst {if:dst} (type {type}, code {code}) by access-group {rule} [
  Deny {proto} src {if:src} dst {if:dst} by access-group {rule} [
106100 verb
  access-list {rule} {verb} {proto} {acl:src} -> {acl:dst} hit-cnt {hits} 
  access-list {rule} {verb} {proto} {acl:src} -> {acl:dst}
106102 106103 verb
  access-list {rule} {verb} {proto} for user '{user}' {acl:src} -> {acl:dst} hit-cnt {hits} 
  access-list {rule} {verb} {proto} for user {user} {acl:src} -> {acl:dst} hit-cnt {hits} 
109005 loginOk
  Authentication succeeded for user {user*} from {at:src} to {at:dst} on interface {iface}
109006 loginFail
  Authentication failed for user {user*} from {at:src} to {at:dst} on interface {iface}
109007 loginOk
  Authorization permitted for user {user*} from {at:src} to {at:dst} on interface {iface}
109008 109024 109025 loginFail
  Authorization denied for user {user*} from {at:src} to {at:dst} on interface {iface}
  Authorization denied (acl={rule}) for user '{user*}' from {at:src} to {at:dst} on interface {iface} using {proto}
  Authorization denied from {at:src} to {at:dst} (not authenticated) on interface {iface} using {proto}
109017 deny
  User at {ip} exceeded auth proxy connection limit
109031 loginFail
  NT Domain Authentication Failed: rejecting guest login for {user}.
109033 109034 loginFail
  Authentication failed for admin user {user*} from {at:src}. Interactive challenge processing is not supported for {service} connections
109201 plain
  UAUTH: Session={conn}, User={user*}, Assigned IP={ip}, Succeeded adding entry.
110002 110003 info
  Failed to locate egress interface for {proto} from {if:src} to {at:dst}
  Routing failed to locate next hop for {proto} from {if:src} to {if:dst}
111001 configuration
  Begin configuration: {ip} writing to {object}
111003 configuration
  {ip} Erase configuration
111004 configuration
  {ip} end configuration: {reason}
111005 configuration
  {ip} end configuration: {reason}
111007 configuration
  Begin configuration: {ip} reading from {object}
111008 command
  User '{user}' executed the '{cmd*}' command.
  User '{user}' executed the {cmd*} command.
111009 command
  User '{user}' executed cmd: {cmd}
111010 command
  User '{user}', running '{client}' from IP {ip}, executed '{cmd*}'
  User '{user}', running {client} from IP {ip}, executed {cmd}
113003 plain
  AAA group policy for user {user*} is being set to {policy}
113004 loginOk
  AAA user {aaa} Successful : server = {server} : user = {user}
  AAA user {aaa} Successful: server = {server}, User = {user}
  AAA user {aaa} Successful : server = {server}, User = {user}
113005 loginFail
  AAA user {aaa} Rejected : reason = {reason} : server = {server} : user = {user*} : user IP = {ip}
  AAA user {aaa} Rejected: reason = {reason}: server = {server}: user = {user*}: user IP = {ip}
  AAA user {aaa} Rejected : reason = {reason} : server = {server} : user = {user}
  AAA user {aaa} Rejected: reason = {reason}: server = {server}: user = {user}
  AAA user {aaa} Rejected : reason = {reason}: server = {server}: user = {user}
113006 locked
  User {user*} locked out on exceeding {count} successive failed authentication attempts
113007 userChange
  User {user*} unlocked by {_}
113008 loginOk
  AAA transaction status ACCEPT : user = {user}
  AAA transaction status ACCEPT: user = {user}
113009 113011 plain
  AAA retrieved default group policy ({policy}) for user = {user}
  AAA retrieved user specific group policy ({policy}) for user = {user}
113010 plain
  AAA challenge received for user {user*} from server {server}.
113012 loginOk
  AAA user {aaa} Successful : local database : user = {user}
  AAA user {aaa} Successful: local database: user = {user}
113013 loginFail
  AAA unable to complete the request Error : reason = {reason} : user = {user}
  AAA unable to complete the request Error: reason = {reason}: user = {user}
113014 plain
  AAA authentication server not accessible : server = {server} : user = {user}
  AAA authentication server not accessible: server = {server}: user = {user}
113015 loginFail
  AAA user {aaa} Rejected : reason = {reason} : local database : user = {user*} : user IP = {ip}
  AAA user {aaa} Rejected: reason = {reason}: local database: user = {user*}: user IP = {ip}
  AAA user {aaa} Rejected : reason = {reason} : local database : user = {user}
  AAA user {aaa} Rejected: reason = {reason}: local database: user = {user}
  AAA user {aaa} Rejected : reason = {reason}: local database: user = {user}
113016 loginFail
  AAA credentials rejected : reason = {reason} : server = {server} : user = {user*} : user IP = {ip}
  AAA credentials rejected : reason = {reason} : server = {server} : user = {user}
  AAA credentials rejected: reason = {reason}: server = {server}: user = {user}
113017 loginFail
  AAA credentials rejected : reason = {reason} : local database : user = {user*} : user IP = {ip}
  AAA credentials rejected : reason = {reason} : local database : user = {user}
  AAA credentials rejected: reason = {reason}: local database: user = {user}
113019 vpnEnd
  Group = {group}, Username = {user}, IP = {ip}, Session disconnected. Session Type: {stype}, Duration: {dur}, Bytes xmt: {xmt}, Bytes rcv: {rcv}, Reason: {reason}
113021 loginFail
  Attempted console login failed. User {user*} did NOT have appropriate Admin Rights.
  Attempted console login failed user {user*} did NOT have appropriate Admin Rights.
113022 113023 plain
  AAA Marking {_} server {server} in aaa-server group {group} as {reason}
113029-113038 113040 vpnError
  Group <{group}> User <{user}> IP <{ip}> {reason}
  Group {group} User {user} IP {ip} {reason}
113039 vpnStart
  Group <{group}> User <{user}> IP <{ip}> AnyConnect parent session started.
  Group {group} User {user} IP {ip} AnyConnect parent session started.
  Group {group} User {user} IP {ip} {reason}
113042 loginFail
  Non-HTTP connection from {if:src} to {if:dst} for user {user*} at {ip} denied by redirect filter; only HTTP connections are supported for redirection.
302003 302004 info
  Built H245 connection for foreign_address {at:src} local_address {at:dst}
302013 302015 info
  Built {dir} {proto} connection {conn} for {if:foreign} to {if:local}
  Built {proto} connection {conn} for {if:foreign} to {if:local}
302303 info
  Built {proto} state-bypass connection {conn} from {if:src} to {if:dst}
302014 302016 302304 302306 302018 expire
  Teardown {proto} connection {conn} for {if:src} to {if:dst} duration {dur} bytes {bytes} {reason}
  Teardown {proto} connection {conn} for {if:src} to {if:dst} duration {dur} bytes {bytes}
  Teardown {proto} state-bypass connection {conn} from {if:src} to {if:dst} duration {dur} bytes {bytes} {reason}
  Teardown {proto} state-bypass connection {conn} from {if:src} to {if:dst}, {dur}, {bytes}, {reason}
  Teardown {proto} connection {conn} from {if:src} to {if:dst} duration {dur} bytes {bytes}
302017 302305 info
  Built {dir} {proto} connection {conn} from {if:foreign} to {if:local}
  Built {dir} {proto} connection {conn} for {if:foreign} to {if:local}
302020 create
  Built {dir} {proto} connection for faddr {at:outer} gaddr {at:mapped} laddr {at:inner} type {type} code {code}
  Built {dir} {proto} connection for faddr {at:outer} gaddr {at:mapped} laddr {at:inner}
  Built {proto} connection for faddr {at:outer} gaddr {at:mapped} laddr {at:inner}
302021 expire
  Teardown {proto} connection for faddr {at:outer} gaddr {at:mapped} laddr {at:inner} type {type} code {code}
  Teardown {proto} connection for faddr {at:outer} gaddr {at:mapped} laddr {at:inner}
302022 302024 302026 create
  Built {role} stub {proto} connection for {if:src} to {if:dst}
302023 302025 302027 expire
  Teardown {role} {proto} connection for {if:src} to {if:dst} duration {dur} forwarded bytes {bytes} {reason}
  Teardown {role} {proto} connection for {if:src} to {if:dst} duration {dur} forwarded bytes {bytes}
303002 allow
  FTP connection from {if:src} to {if:dst}, user {user*} {verb} file {file}
304001 allow
  {user}@{at:src} Accessed URL {weburl}
  {at:src} Accessed URL {weburl}
  {at:src} Accessed {_}URL {weburl}
304002 deny
  Access denied URL {url*} SRC {at:src} DEST {at:dst} on interface {iface}
  Access denied URL {url*} SRC {at:src} DEST {at:dst}
305005 dropped
  No translation group found for {proto} src {if:src} dst {if:dst} (type {type}, code {code})
  No translation group found for {proto} src {if:src} dst {if:dst}
305006 dropped
  {_} translation creation failed for {proto} src {if:src} dst {if:dst} (type {type}, code {code})
  {_} translation creation failed for {proto} src {if:src} dst {if:dst}
305009 305011 info
  Built {role} {proto} translation from {if:src} to {if:dst}
  Built {role} translation from {if:src} to {if:dst}
305010 305012 expire
  Teardown {role} {proto} translation from {if:src} to {if:dst} duration {dur}
  Teardown {role} translation from {if:src} to {if:dst} duration {dur}
305013 dropped
  Asymmetric NAT rules matched for forward and reverse flows; Connection for {proto} src {if:src} dst {if:dst} denied due to NAT {reason}
  Asymmetric NAT rules matched for forward and reverse flows; Connection {proto} src {if:src} dst {if:dst} denied due to NAT {reason}
313001 deny
  Denied {proto} type={type}, code={code} from {at:src} on interface {iface}
313004 deny
  Denied {proto} type={type}, from laddr {at:src} on interface {iface} to {at:dst}: {reason}
  Denied {proto} type={type}, from {at:src} on interface {iface} to {at:dst}: {reason}
313005 info
  No matching connection for ICMP error message: {proto} src {if:src} dst {if:dst} (type {type}, code {code}) on {iface} interface
313008 deny
  Denied {proto} type={type}, code={code} from {at:src} on interface {iface}
313009 deny
  Denied invalid {proto} code {code}, for {if:src} to {if:dst}, ICMP id {_}, ICMP type {type}
315011 plain
  SSH session from {ip} on interface {iface} for user "{user*}" disconnected by SSH server, reason: "{reason}"
  SSH session from {ip} on interface {iface} for user "{user*}" terminated normally
322001 spoof
  Deny MAC address {mac}, possible spoof attempt on interface {iface}
  Deny MAC address {mac} possible spoof attempt on interface {iface}
338001-338008 signature
  Dynamic filter {verb} {_}listed {proto} traffic from {if:src} to {if:dst}, {role} {ip} resolved from {list} list: {domain}, threat-level: {level}, category: {category}
  Dynamic filter {verb} {_}listed {proto} traffic from {if:src} to {if:dst}, {role} malicious address resolved from {list} list: {domain}, threat-level: {level}, category: {category}
  Dynamic filter {verb} {_}listed {proto} traffic from {if:src} to {if:dst}, {_} resolved from {list} list: {domain}, threat-level: {level}, category: {category}
  Dynamic filter {verb} {_}listed {proto} traffic from {if:src} to {if:dst}, {_} resolved from {list} list: {domain}
  Dynamic Filter {verb} {_}listed {proto} traffic from {if:src} to {if:dst}, {role} {ip} resolved from {list} list: {domain}, threat-level: {level}, category: {category}
  Dynamic Filter {verb} {_}listed {proto} traffic from {if:src} to {if:dst}, {role} malicious address resolved from {list} list: {domain}, threat-level: {level}, category: {category}
  Dynamic Filter {verb} {_}listed {proto} traffic from {if:src} to {if:dst}, {_} resolved from {list} list: {domain}, threat-level: {level}, category: {category}
  Dynamic Filter {verb} {_}listed {proto} traffic from {if:src} to {if:dst}, {_} resolved from {list} list: {domain}
338201 338202 signature
  Dynamic filter {verb} {_}listed {proto} traffic from {if:src} to {if:dst}, {role} {ip} resolved from {list} list: {domain}, threat-level: {level}, category: {category}
  Dynamic filter {verb} {_}listed {proto} traffic from {if:src} to {if:dst}, {role} malicious address resolved from {list} list: {domain}, threat-level: {level}, category: {category}
  Dynamic filter {verb} {_}listed {proto} traffic from {if:src} to {if:dst}, {_} resolved from {list} list: {domain}, threat-level: {level}, category: {category}
  Dynamic filter {verb} {_}listed {proto} traffic from {if:src} to {if:dst}, {_} resolved from {list} list: {domain}
  Dynamic Filter {verb} {_}listed {proto} traffic from {if:src} to {if:dst}, {role} {ip} resolved from {list} list: {domain}, threat-level: {level}, category: {category}
  Dynamic Filter {verb} {_}listed {proto} traffic from {if:src} to {if:dst}, {role} malicious address resolved from {list} list: {domain}, threat-level: {level}, category: {category}
  Dynamic Filter {verb} {_}listed {proto} traffic from {if:src} to {if:dst}, {_} resolved from {list} list: {domain}, threat-level: {level}, category: {category}
  Dynamic Filter {verb} {_}listed {proto} traffic from {if:src} to {if:dst}, {_} resolved from {list} list: {domain}
338203 338204 dropped
  Dynamic filter {verb} {_}listed {proto} traffic from {if:src} to {if:dst}, {role} {ip} resolved from {list} list: {domain}, threat-level: {level}, category: {category}
  Dynamic filter {verb} {_}listed {proto} traffic from {if:src} to {if:dst}, {role} malicious address resolved from {list} list: {domain}, threat-level: {level}, category: {category}
  Dynamic filter {verb} {_}listed {proto} traffic from {if:src} to {if:dst}, {_} resolved from {list} list: {domain}, threat-level: {level}, category: {category}
  Dynamic filter {verb} {_}listed {proto} traffic from {if:src} to {if:dst}, {_} resolved from {list} list: {domain}
  Dynamic Filter {verb} {_}listed {proto} traffic from {if:src} to {if:dst}, {role} {ip} resolved from {list} list: {domain}, threat-level: {level}, category: {category}
  Dynamic Filter {verb} {_}listed {proto} traffic from {if:src} to {if:dst}, {role} malicious address resolved from {list} list: {domain}, threat-level: {level}, category: {category}
  Dynamic Filter {verb} {_}listed {proto} traffic from {if:src} to {if:dst}, {_} resolved from {list} list: {domain}, threat-level: {level}, category: {category}
  Dynamic Filter {verb} {_}listed {proto} traffic from {if:src} to {if:dst}, {_} resolved from {list} list: {domain}
400000-400051 signature
  IPS:{signature} {rule} from {at:src} to {at:dst} on interface {iface}
401002 401003 configuration
  Shun added: {at:src} {at:dst} {_}
  Shun deleted: {at:src}
401004 deny
  Shunned packet: {at:src} ==> {at:dst} on interface {iface}
402114 402115 402116 402117 402118 402119 spoof
  IPSEC: Received an {proto} packet (SPI= {spi}, sequence number= {_}) from {ip} (user= {user*}) to {server} {reason}
  IPSEC: Received a non-IPsec packet (protocol= {proto}) from {ip} to {server}.
  IPSEC: Received a non-IPsec ({proto}) packet from {ip} to {server}.
405001 threat
  Received ARP {_} collision from {ip}/{mac} on interface {iface} {reason}
  Received ARP {_} collision from {ip}/{mac} on interface {iface}
406001 deny
  FTP port command low port: {at:src} to {at:dst} on interface {iface}
406002 deny
  FTP port command different address: {at:src} to {at:dst} on interface {iface}
407001 deny
  Deny traffic for local-host {iface}:{ip}, {reason}
410001 dropped
  Dropped {proto} DNS {_} from {if:src} to {if:dst}; {reason}
411001 411002 host
  Line protocol on Interface {iface}, changed state to {reason}
411003 411004 host
  Configuration status on interface {iface} changed state to {reason}
412001 info
  MAC {mac} moved from {iface} to {_}
415001-415020 signature
  {_}policy-map {rule}, {reason} from {if:src} to {if:dst}
418001 deny
  Through-the-device packet to/from management-only network is denied: {proto} {_} from {if:src} to {if:dst}
  Through-the-device packet to/from management-only network is denied: {proto} src {if:src} dst {if:dst}
419001 dropped
  Dropping {proto} packet from {if:src} to {if:dst}, reason: {reason}
419002 info
  Received duplicate TCP SYN from {if:src} to {if:dst} with different initial sequence number
  Duplicate TCP SYN from {if:src} to {if:dst} with different initial sequence number
420002 420003 dropped
  IPS requested to drop {proto} packet from {if:src} to {if:dst}
  IPS requested to drop {proto} packets from {if:src} to {if:dst}
  IPS requested to reset {proto} connection from {if:src} to {if:dst}
434002 434004 dropped
  SFR requested to drop {proto} packet from {if:src} to {if:dst}
  SFR requested {_} to bypass further packet redirection and process {proto} flow from {if:src} to {if:dst} locally
`
