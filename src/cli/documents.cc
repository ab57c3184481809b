#include "cli/documents.h"

namespace snapferry::cli {

void print_document(Context& context, std::string_view type, std::string_view text) {
  context.console.print(text);
  context.console.emit(JsonObject::line(type).text("text", text));
}

}  // namespace snapferry::cli
