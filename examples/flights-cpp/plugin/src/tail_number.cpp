#include "tail_number.hpp"

#include <algorithm>

static constexpr std::string_view spaces = " \t\n\v\f\r";

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

std::optional<std::string> clean_tail_number(std::string_view text)
{
    std::size_t first = text.find_first_not_of(spaces);
    if (first == text.npos)
        return std::nullopt;
    std::string cleaned(text.substr(first, text.find_last_not_of(spaces) + 1 - first));
    for (char &c : cleaned)
        c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    return cleaned;
}

bool is_american(std::string_view tail_number)
{
    if (tail_number.size() < 2 || tail_number.size() > 6 || tail_number[0] != 'N' || !is_digit(tail_number[1]))
        return false;
    std::string_view rest = tail_number.substr(2);
    return std::all_of(rest.begin(), rest.end(), [](char c) { return is_digit(c) || (c >= 'A' && c <= 'Z'); });
}
