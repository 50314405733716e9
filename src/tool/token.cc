#include "tool/token_common.h"
#include "tool/verbs.h"

namespace signet::tool {

void AddTokenVerb(CLI::App& app, CommonOptions& common) {
  CLI::App* token = app.add_subcommand("token", "Prepare a token: label and PINs, keys, certificates");
  token->require_subcommand(1);
  AddTokenInit(*token, common);
  AddTokenSetPin(*token, common);
  AddTokenKeygen(*token, common);
  AddTokenImport(*token, common);
  AddTokenRemove(*token, common);
  token->footer("signet token init --label demo\nsignet token keygen --token demo --label bob");
  for (CLI::App* verb : token->get_subcommands({})) verb->fallthrough();
}

}  // namespace signet::tool
