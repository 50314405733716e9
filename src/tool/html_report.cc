#include "tool/html_report.h"

#include "base/printable.h"
#include "identity/name_text.h"
#include "tool/report_output.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include <fmt/format.h>

namespace signet::tool {
namespace {

constexpr std::string_view kStyle = R"(
:root { color-scheme: light dark; --line: #8888; --client: #2a6fbb; --server: #6b4fa0; --bad: #c0392b; --good: #2e8b57; }
* { box-sizing: border-box; }
body { font: 16px/1.45 system-ui, sans-serif; margin: 0 auto; padding: 1rem; max-width: 60rem; overflow-wrap: anywhere; }
h1 { font-size: 1.35rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; margin: 0; }
dt { color: gray; } dd { margin: 0; }
.ends { display: flex; justify-content: space-between; font-weight: 600; }
.ends span { border: 1px solid var(--line); border-radius: .3rem; padding: .1rem .8rem; }
ol { list-style: none; margin: 0 2.2rem; padding: .6rem 0; border: solid var(--line); border-width: 0 2px; }
li { padding: .25rem .8rem .35rem; }
.arrow { position: relative; border-bottom: 2px solid currentColor; margin: 0 -.8rem; padding: 0 .8rem; text-align: center; }
.arrow::after { content: ""; position: absolute; bottom: -6px; border: 5px solid transparent; }
.sent .arrow { color: var(--client); } .sent .arrow::after { right: 0; border-left: 9px solid; border-right: 0; }
.received .arrow { color: var(--server); } .received .arrow::after { left: 0; border-right: 9px solid; border-left: 0; }
.verdict { border-left: .4rem solid var(--good); padding: .4rem .8rem; font-size: 1.1rem; } .verdict.bad { border-color: var(--bad); }
.verdict b { color: var(--good); } .verdict.bad b { color: var(--bad); } .made { color: gray; font-size: .85rem; }
.name { font-weight: 600; } .meta { font-size: .8rem; opacity: .75; white-space: nowrap; }
details { font-size: .85rem; margin-top: .3rem; } summary { cursor: pointer; color: gray; }
.failed .arrow { color: var(--bad); }
.failure { border: 2px solid var(--bad); border-radius: .4rem; margin: .5rem .8rem; padding: .5rem .8rem; }
.failure b { color: var(--bad); }
.identity { border: 1px solid var(--line); border-radius: .4rem; padding: .5rem .8rem; margin: .6rem 0; }
.identity.chosen { border: 2px solid var(--good); } .uri { font: .8rem ui-monospace, monospace; }
ul { margin: .2rem 0; padding-left: 1.2rem; } ul li { padding: 0; }
@media (max-width: 34rem) {
  dl { display: block; } dt { font-size: .8rem; margin-top: .4rem; }
  ol { margin: 0 1rem; } .meta { display: block; }
}
)";

// Escaped gives text as HTML shows it: nothing in it is markup, and nothing reorders what stands around it.
std::string Escaped(std::string_view raw) {
  std::string escaped;
  for (const char c : Printable(raw, Lines::kMany)) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string Row(std::string_view name, std::string_view value) {
  return fmt::format("<dt>{}</dt><dd>{}</dd>\n", name, Escaped(value.empty() ? "none" : value));
}

std::string Asked(const std::optional<CertificateRequest>& request) {
  if (!request) return "no client certificate";
  if (request->authorities.empty()) return "a certificate of any authority";
  std::string text = "a certificate of ";
  for (std::size_t i = 0; i < request->authorities.size(); ++i) {
    text += (i == 0 ? "" : " or ") + NameText(request->authorities[i]);
  }
  return text;
}

std::string Verdict(const CertificateVerifyCheck& check) {
  if (!check.verified) return check.why;
  return *check.verified ? "verified with the messages: valid" : check.why;
}

std::string Summary(const HandshakeReport& report) {
  std::string html = "<dl>\n";
  html += Row("protocol", report.protocol + (report.resumed ? ", resumed" : ""));
  html += Row("cipher suite", report.cipher);
  html +=
      Row("server", report.server_subject.empty()
                        ? ""
                        : report.server_subject + (report.server_verified ? ", verified" : ", not verified"));
  html += Row("asks for", Asked(report.certificate_request));
  html += Row("presented", report.client_certificate.subject);
  html += Row("signature", report.client_certificate.scheme);
  html += Row("CertificateVerify", Verdict(report.certificate_verify));
  if (report.application) html += Row("response", report.application->first_line);
  html += Row("time", fmt::format("{:.1f} ms", report.timing.count()));
  return html + "</dl>\n";
}

std::string FailureBox(const Error& error) {
  return fmt::format("<li class=\"failure\"><b>It failed here:</b> {}.<br>{}</li>\n", Escaped(error.detail()),
                     Escaped(error.hint()));
}

// VerdictBox states the result in one sentence: the first failure, or the client.
std::string VerdictBox(const std::vector<HandshakeReport>& reports) {
  const auto failed =
      std::ranges::find_if(reports, [](const HandshakeReport& report) { return report.failure.has_value(); });
  if (failed != reports.end()) {
    return fmt::format("<p class=\"verdict bad\"><b>It failed:</b> {}. {}</p>\n",
                       Escaped(failed->failure->detail()), Escaped(failed->failure->hint()));
  }
  const SentCertificate& sent = reports.front().client_certificate;
  const std::string who = sent.sent ? fmt::format("The server accepted {}.", Escaped(sent.subject))
                          : reports.front().certificate_request
                              ? std::string("The server asked for a client certificate, and none was sent.")
                              : std::string("The server asked for no client certificate.");
  return fmt::format("<p class=\"verdict\"><b>It worked.</b> {}</p>\n", who);
}

bool IsFatal(const HandshakeMessage& message) {
  return message.message == "Alert" && !message.details.empty() &&
         message.details.front().starts_with("fatal");
}

// IsOpen tells the messages whose contents are seen at once: those that a login with a certificate is about.
bool IsOpen(const HandshakeMessage& message) {
  return IsFatal(message) || message.message.starts_with("Certificate") ||
         message.message == "CompressedCertificate";
}

std::string Message(const HandshakeMessage& message) {
  std::string html = fmt::format(
      "<li class=\"{}{}\"><div class=\"arrow\"><span class=\"name\">{}</span> "
      "<span class=\"meta\">record {}{}</span></div>",
      message.direction == Direction::kSent ? "sent" : "received", IsFatal(message) ? " failed" : "",
      message.message.empty() ? "not seen" : Escaped(message.message), message.record_type,
      message.length ? fmt::format(" · {} bytes", *message.length) : "");
  if (!message.why.empty()) html += fmt::format("<p>Not seen: {}.</p>", Escaped(message.why));
  if (!message.details.empty()) {
    html += fmt::format("<details{}><summary>what is in it</summary><ul>", IsOpen(message) ? " open" : "");
    for (const std::string& line : message.details) html += fmt::format("<li>{}</li>", Escaped(line));
    html += "</ul></details>";
  }
  return html + "</li>\n";
}

// Sequence puts the failure behind the fatal alert, or behind the last message if there is none.
std::string Sequence(const HandshakeReport& report) {
  std::string html = "<div class=\"ends\"><span>client</span><span>server</span></div>\n<ol>\n";
  bool told = !report.failure;
  for (const HandshakeMessage& message : report.messages) {
    html += Message(message);
    if (told || !IsFatal(message)) continue;
    html += FailureBox(*report.failure);
    told = true;
  }
  if (!told) html += FailureBox(*report.failure);
  return html + "</ol>\n";
}

std::string Considered(const std::vector<ConsideredIdentity>& considered) {
  std::string html;
  for (const ConsideredIdentity& row : considered) {
    html += fmt::format("<div class=\"identity{}\"><b>{}</b> {}<div class=\"uri\">{}</div><ul>",
                        row.chosen ? " chosen" : "", row.chosen ? "chosen" : "not chosen",
                        Escaped(row.subject), Escaped(row.uri));
    for (const std::string& reason : row.reasons) html += fmt::format("<li>{}</li>", Escaped(reason));
    html += "</ul></div>\n";
  }
  return html.empty() ? "<p>No identity was given.</p>\n" : html;
}

}  // namespace

std::string HtmlPage(const PageFacts& facts, const std::vector<HandshakeReport>& reports) {
  std::string html = fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>Handshake with {0}</title>\n<style>{1}</style>\n</head>\n<body>\n<h1>Handshake with {0}</h1>\n",
      Escaped(facts.server), kStyle);
  html += VerdictBox(reports);
  html += fmt::format("<p class=\"made\"><time datetime=\"{0}\">{0}</time> · {1} · {2}</p>\n",
                      Escaped(facts.now), Escaped(facts.stack), Escaped(facts.version));
  for (std::size_t i = 0; i < reports.size(); ++i) {
    if (i > 0) {
      html += fmt::format("<h1>The same, {}</h1>\n<p>Left out: {}.</p>\n",
                          reports[i].resumed ? "resumed" : "again",
                          Escaped(fmt::format("{}", fmt::join(LeftOut(reports.front(), reports[i]), ", "))));
    }
    html += Summary(reports[i]);
    html += "<h2>Messages</h2>\n" + Sequence(reports[i]);
    html += "<h2>Identities considered</h2>\n" + Considered(reports[i].considered);
  }
  return html + "</body>\n</html>\n";
}

void WriteHtml(const std::string& path, const std::string& page) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << page;
  file.close();
  if (file) return;
  throw Error({.code = ErrorCode::kUnreadable,
               .detail = fmt::format("{} cannot be written", path),
               .native = {NativeCode::Kind::kErrno, static_cast<unsigned long>(errno), std::strerror(errno)},
               .hint = "Name a file in a directory that this user may write to."});
}

}  // namespace signet::tool
