#pragma once
// The rounds of counts as one web page that everybody can read: a single file without script or anything to load, sound
// for screen readers, keyboards, printers and right-to-left names (WCAG 2.2 AA). Stateless, thread-safe.

#include <string>
#include <string_view>
#include <vector>

#include "uvpki/count/result.h"

namespace uvpki::count {

/// One section per result; `title` heads the page. Whatever names and titles hold, they are shown and not interpreted:
/// markup is escaped, and invisible or bidirectional control characters become U+FFFD. The same bytes every time.
std::string rounds_html(std::string_view title, const std::vector<const Result*>& results);

}  // namespace uvpki::count
