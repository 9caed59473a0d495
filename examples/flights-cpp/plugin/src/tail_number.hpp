// Registrations of aircraft, as painted on their tails.
#ifndef TAIL_NUMBER_HPP
#define TAIL_NUMBER_HPP

#include <optional>
#include <string>
#include <string_view>

// It in upper case, without spaces around it; nothing if nothing is left.
std::optional<std::string> clean_tail_number(std::string_view text);

// Whether the United States would issue it: N and one to five digits or letters, beginning with a digit.
bool is_american(std::string_view tail_number);

#endif
