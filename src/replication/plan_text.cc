#include "replication/plan_text.h"

#include <map>

#include "replication/lineage.h"

namespace snapferry::replication {
namespace {

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

std::string stream_text(const StreamRequest& stream) {
  std::string text = "send ";
  if (!stream.intermediates.empty()) {
    text.append(text_of(stream.intermediates.front())).append("..");
  }
  text.append(text_of(stream.to));
  if (stream.base) text.append(" from ").append(text_of(*stream.base));
  if (!stream.intermediates.empty()) {
    text.append(" (" + std::to_string(stream.intermediates.size() + 1) + " snapshots)");
  }
  if (stream.features.raw) text.append(", raw");
  return text;
}

std::string settlement_line(const Settlement& settlement) {
  std::string text;
  const auto add = [&](const std::string& part) {
    text.append(text.empty() ? "then " : ", ").append(part);
  };
  if (settlement.hold) add("hold " + text_of(*settlement.hold));
  if (settlement.bookmark_of) add("bookmark " + text_of(*settlement.bookmark_of));
  for (const Point& point : settlement.release) add("release " + text_of(point));
  for (const Point& point : settlement.destroy) add("destroy " + text_of(point));
  return text.empty() ? text : text + " on the source";
}

void append_line(std::string& text, std::string_view line) {
  if (!line.empty()) text.append("  ").append(line).append("\n");
}

}  // namespace

std::string_view to_string(FreezeAction action) {
  switch (action) {
    case FreezeAction::Freeze:
      return "take a snapshot";
    case FreezeAction::SendExisting:
      return "take no snapshot";
    case FreezeAction::Unchanged:
      return "unchanged";
    case FreezeAction::Skip:
      return "skip";
    case FreezeAction::Conflict:
      return "conflict";
  }
  return "?";
}

std::string_view kind_of(const Step& step) {
  return std::visit(Overloaded{[](const ResumeStep&) { return "resume"; },
                               [](const AbortStep&) { return "abort"; },
                               [](const SetAsideStep&) { return "set-aside"; },
                               [](const SendStep&) { return "send"; }},
                    step.what);
}

std::string text_of(const Step& step) {
  return std::visit(
      Overloaded{
          [](const ResumeStep& resume) { return "resume @" + resume.partial.to_name; },
          [](const AbortStep& abort) {
            return "discard what is half received in " + abort.replica.text();
          },
          [](const SetAsideStep& aside) { return "set aside " + aside.replica.text(); },
          [](const SendStep& send) { return stream_text(send.stream); },
      },
      step.what);
}

std::vector<std::string> step_lines(const VolumePlan& plan) {
  std::vector<std::string> lines;
  for (const Step& step : plan.steps) lines.push_back(text_of(step) + ": " + step.reason);
  return lines;
}

std::string plan_text(const std::vector<FreezeDecision>& decisions,
                      const std::vector<VolumePlan>& plans) {
  std::map<std::string_view, const FreezeDecision*> by_volume;
  for (const FreezeDecision& decision : decisions) by_volume[decision.volume] = &decision;
  std::string text;
  for (const VolumePlan& plan : plans) {
    text.append(plan.volume);
    if (plan.followed()) text.append(" (in the store ").append(plan.replica.path).append(")");
    text.append("\n");
    const auto decision = by_volume.find(plan.volume);
    const bool decided = decision != by_volume.end();
    if (decided) {
      append_line(text, std::string(to_string(decision->second->action))
                            .append(": ")
                            .append(decision->second->reason));
    }
    for (const std::string& line : step_lines(plan)) append_line(text, line);
    if (plan.verdict == Verdict::Conflict && !decided) append_line(text, plan.reason);
    if (plan.settlement) append_line(text, settlement_line(*plan.settlement));
  }
  return text;
}

}  // namespace snapferry::replication
