"""What the people of the demo studio write. All of it is fictional."""

from __future__ import annotations

ABOUT = (
    "I paint after work, mostly on a tablet, and I have never shown a portfolio to anybody.",
    "Second year at art school. I draw a lot and finish little.",
    "I come from graphic design and want to move over to games.",
    "Illustrator for eight years, stuck with the same three poses.",
    "I teach children to draw and would like to be taught again.",
)
GOALS = (
    "A portfolio of six pieces that I am not ashamed of, by the end of the spring.",
    "Finish one short piece, from first idea to last frame.",
    "Understand light well enough to stop copying photos.",
    "Send three applications with a reel that a lead will watch to its end.",
    "Draw people from imagination who stand on their own feet.",
)
PREFERENCES = (
    "Direct words, please. I write everything down.",
    "Evenings suit me best; I need a day to do homework.",
    "Please draw over my work, I learn by watching.",
    "Short mails, long sessions. And please tell me when something is good.",
    "I am quiet at the beginning. Ask me things.",
)
SESSION_GOALS = (
    "Look at the two new thumbnails and choose one.",
    "The hands. They still look like gloves.",
    "Go through the order of the pages together.",
    "Make a plan for the next four weeks.",
    "Find out why the second picture feels flat.",
)
SHARED_NOTES = (
    "Homework: ten values-only thumbnails, two minutes each. Bring the three you like least too.",
    "We cut the fourth piece and keep the forest. Next time: edges, and one warm accent.",
    "The weight sits well now. Arcs of the left arm to be done again, slower in, faster out.",
    "Read the scene aloud before boarding it. Beat sheet by Friday, then we draw.",
    "Anatomy of the shoulder: the three sheets from today, once more from memory.",
)
PRIVATE_NOTES = (
    "Was tired today. Short exercises work better than long talks.",
    "Ready for a paid brief; mention the studio call next month.",
)
MOVED = "I have to be at the dentist at that hour."
CANCELED = "My train is late and I will not make it."
MENTOR_CANCELED = "I am ill today, I am sorry. Choose another time, please: nothing is lost."
PROPOSED = "A delivery of mine moved into that hour. Would this suit you as well?"
ASKED = "My class was moved to that morning. Could we meet then instead?"
AGREED = "Agreed on the phone: the weekend suits us both."
SOON = "Agreed on the phone: a short look before the application goes out."
HOLD = "The two sides disagree about what was agreed in it, and a lawyer has asked for it."
LONGER = "Asked for by mail: to go through it once more before the application goes out."
CAME_ALONE = "I waited for twenty minutes in the room."
OBJECTION = (
    "I was there, on the old link from my first mail, and waited for half an hour. I wrote to Mara "
    "while I waited. Please look at it again."
)
MENTOR_MISSED = "The mentor's connection was down all afternoon."
SORRY = "Your second session began twenty-five minutes late. This is for the time you waited."
ONE_LESS = "One session less is enough, as we agreed. What you paid for it goes back to you."
MOVES_AWAY = (
    "I start a job abroad next month and will not have the evenings any more. I would like the "
    "sessions back that are left."
)
TIME_OFF = "Away with the sketchbook"
BUSY_EVENTS = ("Dentist", "School play", "Studio call")

TESTIMONIALS = (
    "Four sessions, and for the first time I know what my next picture is for. The homework was "
    "hard and exactly the right size.",
    "I came with a folder full of beginnings. I left with one finished sheet and the habit of "
    "finishing. I did not expect to laugh that much either.",
    "Kind, precise, always prepared. Every session started where the last one ended.",
    "I was afraid of showing my sketchbook to a professional. After ten minutes I forgot that, "
    "and after four weeks I drew in the train again.",
    "She reads a portfolio like the person who decides about it, and tells you what they would not "
    "tell you. My application went out last week.",
    "It was a little fast for me at first. When I said so, the next session was slower and better.",
)
DECLINED_TESTIMONIAL = (
    "Great. Write to me on my own page, where I sell brushes and a course about the same things."
)
DECLINE_REASON = "It advertises something of your own. Please write about the sessions."
WAITING_TESTIMONIALS = (
    "My eye is back. I had not drawn from life since school, and now I carry two sketchbooks. "
    "Thank you for the patience with my first pages.",
    "The board works without a word now, and I can say why. That was worth each of the sessions.",
)
