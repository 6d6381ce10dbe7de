// Loads each plugin file named on the command line as a host does and prints what it is. Exit 1 with the refusal.
#include <host/plugin/describe.hpp>
#include <host/plugin/registry.hpp>

#include <cstdio>
#include <string>

int main(int argc, char **argv) {
  outsize::host::registry modules({});
  for (int i = 1; i < argc; ++i) {
    const auto module = modules.load(argv[i]);
    if (!module) {
      std::fprintf(stderr, "%s (%s)\n", module.error().text.c_str(), std::string(module.error().remedy_text()).c_str());
      return 1;
    }
    std::fputs(outsize::host::plugin_inspect_text(**module).c_str(), stdout);
  }
  return argc > 1 ? 0 : 1;
}
