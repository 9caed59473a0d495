// Registrations of aircraft, as painted on their tails.
#ifndef TAIL_NUMBER_H
#define TAIL_NUMBER_H

#include <tenon.h>

// Appends it in upper case, without spaces around it; false if nothing is left.
bool clean_tail_number(tenon_text text, tenon_text_builder *cleaned);

// Whether the United States would issue it: N and one to five digits or letters, beginning with a digit.
bool is_american(tenon_text tail_number);

#endif
